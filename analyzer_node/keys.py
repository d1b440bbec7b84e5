"""Every key this node writes to Redis, named in one place.

The second field is the schema of keys and values together: a node that stores differently raises it, and
older entries then expire unread. Keys of one stream share a hash tag (`{…}`): where keys are spread over
several servers, those that one script uses stay together.
"""

import hashlib
from typing import Final

PREFIX: Final = "penumbra:1"
_DIGEST_BYTES: Final = 20  # 160 bits: finding two payloads with one key takes about 2**80 trials


def answer_key(bundle: str, kind: str, payload: bytes) -> str:
    """Name the answer to one region: equal for equal bundle, kind and payload, and only then."""
    digest = hashlib.blake2b(payload, digest_size=_DIGEST_BYTES).hexdigest()
    return f"{PREFIX}:answer:{bundle}:{kind}:{digest}"


def latest_key(stream: str) -> str:
    """Name the hash that holds a stream's latest result."""
    return f"{PREFIX}:{{{stream}}}:latest"


def history_key(stream: str) -> str:
    """Name the Redis stream that holds a stream's bounded history."""
    return f"{PREFIX}:{{{stream}}}:history"


def seen_key(stream: str, run: int, sequence: int) -> str:
    """Name the mark that says that this result stands in the history."""
    return f"{PREFIX}:{{{stream}}}:seen:{run}:{sequence}"
