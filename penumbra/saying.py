"""A line for people as it stands: brackets are no markup, numbers get no colour, paths are not wrapped."""

from rich.console import Console


def say(console: Console, text: str) -> None:
    """Print a line."""
    console.print(text, highlight=False, markup=False, soft_wrap=True)
