"""`penumbra broker`: production configuration, and the topic table for people."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Column, Table

from broker.acl import Account
from broker.errors import BrokerError
from broker.home_topics import DISCOVERY_PREFIX
from broker.production import TLS_PORT, Production, write_production
from broker.topic import AnyTopic, Cloud, Grant, Private, Role, Side
from broker.topic_table import TABLE
from penumbra.broker_metrics_command import metrics
from penumbra.errors import ConfigError

app = typer.Typer(no_args_is_help=True, help="Configure production brokers; show the topic table.")

app.command("metrics")(metrics)

_SIDES: Final[dict[str, type[Side]]] = {side.label: side for side in (Private, Cloud)}
Names = list[str]


class SideName(StrEnum):
    """The two sides, as an option takes them."""

    PRIVATE = "private"
    CLOUD = "cloud"


@app.command()
def config(
    *,
    side: Annotated[SideName, typer.Option(help="Whose topics the broker carries.")],
    out: Annotated[Path, typer.Option(help="The folder to write.")],
    camera: Annotated[Names | None, typer.Option(help="A camera's account (private side).")] = None,
    edge: Annotated[Names | None, typer.Option(help="An edge node's account (both sides).")] = None,
    analyzer: Annotated[Names | None, typer.Option(help="An analyzer's account (cloud side).")] = None,
    viewer: Annotated[Names | None, typer.Option(help="An account that only watches.")] = None,
    helper: Annotated[Names | None, typer.Option(help="A helping device's account (private side).")] = None,
    monitor: Annotated[Names | None, typer.Option(help="An account that reads the broker's counts.")] = None,
    announcer: Annotated[
        Names | None, typer.Option(help="An edge's account for Home Assistant (private side).")
    ] = None,
    home_assistant: Annotated[
        Names | None, typer.Option(help="Home Assistant's own account (private side).")
    ] = None,
    discovery_prefix: Annotated[
        str, typer.Option(help="Where Home Assistant listens for devices.")
    ] = DISCOVERY_PREFIX,
    hostname: Annotated[Names | None, typer.Option(help="A name that clients connect to.")] = None,
    port: Annotated[int, typer.Option(help="The TLS port.")] = TLS_PORT,
    installed_at: Annotated[
        Path | None,
        typer.Option(help="Where the folder will lie on the broker's host; default: where written."),
    ] = None,
    self_signed: Annotated[
        bool, typer.Option("--self-signed", help="Make a certificate for trying out (needs openssl).")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Write over a folder; accounts there keep their passwords.")
    ] = False,
) -> None:
    """Write mosquitto's settings, access list, password hashes and one secret file an account.

    Options that name an account may be repeated.
    """
    named = {Role.CAMERA: camera, Role.EDGE: edge, Role.ANALYZER: analyzer, Role.VIEWER: viewer}
    named |= {Role.HELPER: helper, Role.MONITOR: monitor}
    named |= {Role.ANNOUNCER: announcer, Role.HOME_ASSISTANT: home_assistant}
    try:
        production = Production(
            side=_SIDES[side],
            accounts=tuple(Account(role, name) for role, names in named.items() for name in names or ()),
            hostnames=tuple(hostname or ("localhost",)),
            port=port,
            installed_at=installed_at,
            self_signed=self_signed,
            discovery_prefix=discovery_prefix,
        )
        files = write_production(production, out, force=force)
    except BrokerError as error:
        raise ConfigError(f"penumbra broker config: {error}") from error
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"Wrote {out}: mosquitto.conf, acl, passwords, README.md", markup=False)
    for account, file in zip(production.accounts, files, strict=True):
        console.print(f"  {account.role} {account.name}: password in {file}", markup=False)
    if not (out / "certificates" / "server.crt").exists():
        console.print(f"Put server.crt and server.key into {out / 'certificates'}.", markup=False)
    console.print(f"Start it with: mosquitto -c {out / 'mosquitto.conf'}", markup=False)


@app.command()
def topics() -> None:
    """Print every topic of both sides: what it carries, and who may write and read it."""
    console = Console(highlight=False)
    for side in _SIDES.values():
        table = Table(
            Column("topic", no_wrap=True), "carries", "written by", "read by", box=None, title_justify="left"
        )
        table.title = f"{side.label} broker"
        for topic in TABLE:
            if topic.side is side:
                table.add_row(topic.pattern, _payload(topic), _who(topic.writers), _who(topic.readers))
        console.print(table)
        console.print()


def _payload(topic: AnyTopic) -> str:
    names = " → ".join(dict.fromkeys((topic.written.__name__, topic.read.__name__)))
    return f"{names}, kept" if topic.retain else names


def _who(grants: tuple[Grant, ...]) -> str:
    return "\n".join(f"{grant.role} (own)" if grant.scope == "own" else grant.role for grant in grants)
