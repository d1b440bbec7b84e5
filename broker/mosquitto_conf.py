"""What mosquitto reads: limits that keep it small and its messages fresh, and password hashes."""

import base64
import hashlib
import secrets
from pathlib import Path
from typing import Final

from broker.topic import Side
from broker.topic_table import TABLE

HEADER_BYTES: Final = 1024
"""What a packet may hold besides the message: topic, properties, lengths."""
QUEUED_MESSAGES: Final = 256
QUEUED_BYTES: Final = 16 * 2**20
INFLIGHT_MESSAGES: Final = 32
CLIENTS: Final = 256
STATISTICS_SECONDS: Final = 10

_SALT_BYTES: Final = 12
_HASH_BYTES: Final = 64
_ITERATIONS: Final = 101  # mosquitto's own number; the passwords hashed here are random, not guessable words


def max_packet_bytes(side: type[Side]) -> int:
    """The largest packet that a broker of this side has to take, in bytes."""
    return max(topic.max_bytes for topic in TABLE if topic.side is side) + HEADER_BYTES


def new_password() -> str:
    """Draw a password of 192 random bits; safe in files, URLs and shells."""
    return secrets.token_urlsafe(24)


def hashed_password(password: str, *, salt: bytes | None = None, iterations: int = _ITERATIONS) -> str:
    """Hash a password as mosquitto 2 does: `$7$iterations$salt$hash`, PBKDF2 with SHA-512, both in base64."""
    salt = secrets.token_bytes(_SALT_BYTES) if salt is None else salt
    key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, iterations, _HASH_BYTES)
    return f"$7${iterations}${base64.b64encode(salt).decode()}${base64.b64encode(key).decode()}"


def general_settings(side: type[Side]) -> str:
    """Write what embedded and production brokers have in common; the listener is not part of it."""
    return f"""\
# Each listener says for itself who may come in.
per_listener_settings true

# Nothing is written to disk: what the nodes need again they send again (a file's frames until each is
# answered, a status on every connect), and so no picture outlives the broker's memory.
persistence false
autosave_interval 0

# A subscriber that cannot follow has this much waiting at most, then new messages are dropped; 0 would
# mean "no room at all" to some versions. The nodes notice: files are sent again, live pictures are counted.
max_queued_messages {QUEUED_MESSAGES}
max_queued_bytes {QUEUED_BYTES}
# Sent but not yet acknowledged, a client; an MQTT 5 client may ask for fewer (ReceiveMaximum).
max_inflight_messages {INFLIGHT_MESSAGES}
queue_qos0_messages false

# The longest message of this side, and room for its header. MQTT 5 clients are told on connecting.
# (message_size_limit is left out: it would drop a message of an MQTT 3.1.1 client without a word.)
max_packet_size {max_packet_bytes(side)}

# Small messages (results, acknowledgements) leave at once.
set_tcp_nodelay true
# A session that nobody comes back to is forgotten.
persistent_client_expiration 1h
"""


def embedded_config(side: type[Side], port: int, folder: Path) -> str:
    """Write the configuration of a broker on this host alone; `folder` holds `acl` and `passwords`.

    Args:
        side: Whose topics it carries.
        port: Loopback port.
        folder: Where its access list and password file are.
    """
    return f"""\
{general_settings(side)}
# No statistics: nobody reads them here, and they cost time.
sys_interval 0
# Started by root it would become the user `mosquitto`, who cannot read this folder, and would lose the
# kernel's promise to end it with its parent. Started by anyone else it does not look at this.
user root
log_dest stderr
log_type error
log_type warning
log_type notice

listener {port} 127.0.0.1
allow_anonymous false
allow_zero_length_clientid false
max_connections {CLIENTS}
password_file {folder / "passwords"}
acl_file {folder / "acl"}
"""


def production_config(side: type[Side], port: int, folder: Path) -> str:
    """Write the configuration of a broker that the network can reach; `folder` is where it will lie."""
    return f"""\
# mosquitto for the {side.label} side of Penumbra. Made by `penumbra broker config`.

{general_settings(side)}
# What the broker says of itself ($SYS), as often as Prometheus asks; the role monitor alone may read it.
sys_interval {STATISTICS_SECONDS}
# Who connects and what goes wrong; never a message's content.
log_dest stderr
log_type error
log_type warning
log_type notice
connection_messages true
log_timestamp true
log_timestamp_format %Y-%m-%dT%H:%M:%S%z

# The only way in: TLS, a password for everyone, and rights by account.
listener {port}
certfile {folder / "certificates" / "server.crt"}
keyfile {folder / "certificates" / "server.key"}
tls_version tlsv1.2
allow_anonymous false
allow_zero_length_clientid false
max_connections {CLIENTS}
password_file {folder / "passwords"}
acl_file {folder / "acl"}
"""
