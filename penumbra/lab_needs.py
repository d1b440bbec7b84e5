"""What every command of the lab asks first: is its extra installed, and which recipe is meant?"""

import importlib.util
from pathlib import Path
from typing import Final

from privacy_lab.errors import BadRecipe, TorchMissing

_NEEDED: Final = ("torch", "onnx", "onnxruntime", "safetensors", "cv2")
_SHIPPED: Final = Path(__file__).parent.parent / "privacy_lab" / "recipes"


def require_lab() -> None:
    """Refuse to go on where the lab's extra is not installed.

    Raises:
        TorchMissing: with the command that installs it.
    """
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise TorchMissing(f"penumbra lab needs {', '.join(missing)}. Run: pip install 'penumbra[lab]'")


def find_recipe(name_or_path: str) -> Path:
    """Give the path of a shipped recipe by its name, or of any by its path.

    Raises:
        BadRecipe: neither; the text names those that ship.
    """
    known = shipped_recipes()
    if name_or_path in known:
        return known[name_or_path]
    if Path(name_or_path).is_file():
        return Path(name_or_path)
    raise BadRecipe(f"{name_or_path}: no such recipe. Shipped: {', '.join(known)}; or give a YAML file.")


def shipped_recipes() -> dict[str, Path]:
    """Give the recipes that ship, by name."""
    return {path.stem: path for path in sorted(_SHIPPED.glob("*.yaml"))}
