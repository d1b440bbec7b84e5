"""All commands in one application; each imports what it needs only when it runs."""

from importlib.metadata import version
from typing import Annotated

import typer

from penumbra import (
    broker_commands,
    bundle_commands,
    home_assistant_commands,
    lab_commands,
    look_commands,
    node_commands,
    replay_command,
    schema_command,
    up_command,
)

app = typer.Typer(
    name="penumbra",
    help="Camera analytics where the pixels stay home.\n\n"
    "Start with [bold]penumbra up[/bold]: a demo camera, and answers in the terminal.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"penumbra {version('penumbra')}")
        raise typer.Exit


@app.callback()
def _all_commands(
    *,
    _version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    pass


up_command.mount(app)
replay_command.mount(app)
look_commands.mount(app)
node_commands.mount(app)
schema_command.mount(app)
app.add_typer(bundle_commands.app, name="bundle")
app.add_typer(broker_commands.app, name="broker")
app.add_typer(home_assistant_commands.app, name="home-assistant")
app.add_typer(lab_commands.app, name="lab")
