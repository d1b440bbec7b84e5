"""Which pictures a bundle is attacked with: its recipe's data sets, or a client's own."""

from pathlib import Path
from typing import TYPE_CHECKING

from penumbra.lab_needs import find_recipe, shipped_recipes

if TYPE_CHECKING:
    from models.manifest import Manifest
    from privacy_lab.data.material import Material


def read_material(manifest: "Manifest", folder: Path, *, own: bool, recipe: str | None = None) -> "Material":
    """Read the recipe's data sets in `folder`, or with `own` the pictures there by label and identity.

    Without a recipe's name it is the one that the bundle says it was made by. Where that does not ship,
    the pictures can only be the client's own.

    Raises:
        LabError: there is no such recipe, or the folder does not hold what is looked for.
    """
    # Read by commands that must be listed where torch and OpenCV are not installed.
    from privacy_lab.data.material import material_of  # noqa: PLC0415
    from privacy_lab.recipe import read_recipe  # noqa: PLC0415

    maker, _, _ = manifest.provenance.recipe.partition(".yaml")
    name = recipe or (maker if maker in shipped_recipes() else None)
    plan = None if own or name is None else read_recipe(find_recipe(name))
    return material_of(manifest, folder, plan)
