"""`penumbra broker metrics`: what a broker says of itself, as a page for Prometheus."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from broker.address import BrokerAddress
from broker.topic import Role
from penumbra import flags as f
from penumbra import options as o
from penumbra.brokers import configured
from penumbra.errors import ConfigError
from penumbra.pipeline_file import load_pipeline, pipeline_of_flags

SideName = Literal["private", "cloud"]


def metrics(
    *,
    side: Annotated[SideName, typer.Option(help="Whose broker: private or cloud.")],
    config: o.ConfigOption = None,
    broker: Annotated[
        str | None, typer.Option("--broker", help="mqtt://HOST:1883 or mqtts://USER@HOST:8883.")
    ] = None,
    password_file: Annotated[Path | None, typer.Option(help="The file with its password.")] = None,
    ca_file: Annotated[Path | None, typer.Option(help="Certificates to trust.")] = None,
    name: Annotated[str, typer.Option("--name", help="The monitor's name.")] = "monitor",
    page: Annotated[
        str, typer.Option("--metrics", help="Where /metrics, /healthz and /readyz are served.")
    ] = "127.0.0.1:0",
    log_format: Annotated[Literal["console", "json"], typer.Option(help="console or json.")] = "console",
) -> None:
    """Serve a broker's own counts on /metrics: clients, messages, bytes, and what it dropped."""
    if not page:
        raise ConfigError("--metrics: is empty, so nothing would be served. Write HOST:PORT.")
    address = _address(side, config, _keys(broker, password_file, ca_file), name)
    from penumbra.broker_metrics import run  # noqa: PLC0415 - quick --help

    run(side, address, page, log_format)


def _address(side: SideName, config: Path | None, keys: dict[str, Any] | None, name: str) -> BrokerAddress:
    if (config is None) == (keys is None):
        raise ConfigError(f"Write either --config FILE, whose {side}.broker is asked, or --broker ADDRESS.")
    if config is not None:
        pipeline = load_pipeline(config, needs_cameras=False)
    else:
        pipeline = pipeline_of_flags({side: {"broker": keys}}, f.FLAGS | {"address": "--broker"})
    entry = getattr(pipeline, side).broker
    if entry is None:
        raise ConfigError(f"{config}: {side}.broker: is missing, so there is no broker to ask.")
    return configured(entry).address_for(Role.MONITOR, name)


def _keys(address: str | None, password_file: Path | None, ca_file: Path | None) -> dict[str, Any] | None:
    if address is None:
        return None
    given = {"address": address, "password_file": password_file, "ca_file": ca_file}
    return {key: str(value) for key, value in given.items() if value is not None}
