"""The bundles that ship with the project, and how a user's word becomes the path of one."""

import re
from pathlib import Path
from typing import Final

from models.errors import BundleNotFound

SHIPPED: Final = Path(__file__).parent / "bundles"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


def shipped(folder: Path = SHIPPED) -> dict[str, Path]:
    """Name each shipped bundle with its path, in alphabetical order."""
    entries = sorted(folder.iterdir()) if folder.is_dir() else []
    return {entry.stem: entry for entry in entries if entry.is_dir() or entry.suffix == ".zip"}


def find(name_or_path: str | Path, folder: Path = SHIPPED) -> Path:
    """Give the path of a shipped bundle by its name, or of any bundle by its path.

    Raises:
        BundleNotFound: neither; the text names those that ship.
    """
    known = shipped(folder)
    text = str(name_or_path)
    if _NAME.fullmatch(text) and text in known:
        return known[text]
    path = Path(name_or_path)
    if path.exists():
        return path
    names = ", ".join(known) or "none"
    raise BundleNotFound(
        f"{text}: no such bundle. Shipped: {names}. A bundle of your own is named by its path."
    )
