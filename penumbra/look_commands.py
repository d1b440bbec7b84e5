"""`penumbra watch` and `penumbra doctor`: look at a pipeline that runs, or should."""

import typer


def mount(app: typer.Typer) -> None:
    """Add the commands to an application."""
