"""`penumbra schema`: what programs that read our JSON can check it by."""

import sys
from enum import StrEnum
from typing import Annotated

import typer


class Published(StrEnum):
    """What there is a schema of, as an argument takes it."""

    ANSWERS = "answers"
    STATUS = "status"
    HOME = "home"


def mount(app: typer.Typer) -> None:
    """Add the command to an application."""
    app.command("schema")(schema)


def schema(
    of: Annotated[Published, typer.Argument(help="answers, status (of cameras and edges), or home.")],
) -> None:
    """Print the JSON schema of what is published, with the unit of every field."""
    from broker.schemas import schema_text  # noqa: PLC0415 - quick --help

    sys.stdout.write(schema_text(of))
