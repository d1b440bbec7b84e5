"""`penumbra watch` and `penumbra doctor`: look at a pipeline that runs, or should."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from penumbra import flags as f
from penumbra import options as o
from penumbra.errors import ConfigError
from penumbra.pipeline_file import load_pipeline, pipeline_of_flags
from penumbra.pipeline_schema import BrokerEntry
from penumbra.stopping import forget_output

CONFIG_HELP = "Without -c, the `penumbra up` that runs on this machine."
BrokerOption = Annotated[
    str | None,
    typer.Option("--broker", help="The private broker: mqtt://HOST:1883 or mqtts://USER@HOST:8883."),
]
PasswordOption = Annotated[Path | None, typer.Option("--password-file", help="The file with its password.")]


def mount(app: typer.Typer) -> None:
    """Add the commands to an application."""
    app.command("watch")(watch)
    app.command("doctor")(doctor)


def watch(
    *,
    config: o.ConfigOption = None,
    broker: BrokerOption = None,
    password_file: PasswordOption = None,
    camera: Annotated[str | None, typer.Option("--camera", help="Only this camera's answers.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    status: Annotated[
        bool, typer.Option("--status", help="How cameras and edges are, beside the answers.")
    ] = False,
    count: Annotated[int | None, typer.Option("--count", min=1, help="Stop after so many answers.")] = None,
) -> None:
    """Follow the answers as they come home, until Ctrl-C.

    Without -c and without --broker: those of the penumbra up that runs on this machine.
    """
    from penumbra.viewing import viewer_address  # noqa: PLC0415 - quick --help
    from penumbra.watch import Wish, run_watch  # noqa: PLC0415 - quick --help

    address = viewer_address(_broker_entry(config, broker, password_file))

    def say(text: str) -> None:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    wish = Wish(camera=camera, as_json=json, statuses=status, limit=count)
    try:
        asyncio.run(run_watch(address, say, wish))
    except BrokenPipeError:  # here, because the command-line library would make it exit status 1
        forget_output()


def doctor(*, config: o.ConfigOption = None) -> None:
    """Check brokers, Redis, cameras, bundle, clock and versions, and say what to do about what is wrong.

    Without -c: the penumbra up that runs on this machine, or what one would need.
    """
    from penumbra.doctor import examine_pipeline, examine_run  # noqa: PLC0415 - quick --help
    from penumbra.findings import findings_view, healthy  # noqa: PLC0415 - quick --help
    from penumbra.run_file import running  # noqa: PLC0415 - quick --help

    info = running() if config is None else None
    if config is not None:
        work = examine_pipeline(load_pipeline(config, needs_cameras=False))
    elif info is not None:
        work = examine_run(info)
    else:
        work = examine_pipeline(
            pipeline_of_flags({"private": {"cameras": f.CameraFlags().cameras()}}, f.FLAGS)
        )
    findings = asyncio.run(work)
    Console(highlight=False).print(findings_view(findings))
    if not healthy(findings):
        sys.exit(1)


def _broker_entry(config: Path | None, broker: str | None, password_file: Path | None) -> BrokerEntry | None:
    if config is not None and broker is not None:
        raise ConfigError("--broker: the pipeline file names a broker already. Leave out one of the two.")
    if config is not None:
        entry = load_pipeline(config, needs_cameras=False).private.broker
        if entry is None:
            raise ConfigError(
                f"{config}: private.broker: is missing, so penumbra up starts one. Leave out -c to find it."
            )
        return entry
    if broker is None:
        return None
    keys = {"address": broker, "password_file": str(password_file) if password_file else None}
    flags = {"address": "--broker", "password_file": "--password-file"}
    return pipeline_of_flags({"private": {"broker": keys}}, flags).private.broker
