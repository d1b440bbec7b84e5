"""The README that lies next to a production broker's files."""

from collections.abc import Iterable
from typing import Final

from broker.acl import Account, rights_of
from broker.topic import AnyTopic, Side
from broker.topic_table import TABLE

_TEXT: Final = """\
# mosquitto for the {side} side of Penumbra

| file | what it is |
|---|---|
| `mosquitto.conf` | the settings; its paths say where this folder is meant to lie |
| `acl` | who may write and read what, made from Penumbra's topic table |
| `passwords` | salted hashes (PBKDF2, SHA-512); no password can be read from it |
| `secrets/` | one password a file: give each to its node and keep none here |
| `certificates/` | `server.crt`, `server.key`; and, self-signed, `ca.crt` and `ca.key` (keep it offline) |

1. Put `certificates/server.crt` and `certificates/server.key` in place, unless `--self-signed` made them.
2. Let the broker, and nobody else, read this folder: `chown -R mosquitto: FOLDER`.
3. Start it: `mosquitto -c FOLDER/mosquitto.conf` (mosquitto 2.0 or newer).
4. On each node keep its secret in a file of mode 0600 and name that file as `password_file`.

No bridge may join this broker with the other side's: pictures would cross it.

To add or remove an account run `penumbra broker config` again with `--force` and all accounts that shall
exist: the others keep their passwords. Then restart the broker.

## Accounts

| address | may write | may read |
|---|---|---|
{rows}
"""


def production_readme(
    side: type[Side],
    accounts: Iterable[Account],
    hostname: str,
    port: int,
    table: tuple[AnyTopic, ...] = TABLE,
) -> str:
    """Write the README; it names no secret."""
    rows = []
    for account in accounts:
        rights = rights_of(side, account, table)
        write, read = (", ".join(f"`{f}`" for f in granted) or "-" for granted in (rights.write, rights.read))
        rows.append(f"| `mqtts://{account.username}@{hostname}:{port}` | {write} | {read} |")
    return _TEXT.format(side=side.label, rows="\n".join(rows))
