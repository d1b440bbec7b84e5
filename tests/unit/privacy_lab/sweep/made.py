"""A sweep small enough to run in seconds: two made data sets in the official folders, a tiny network."""

from pathlib import Path

import msgspec
import numpy as np

from models.manifest import InputSpec
from privacy_lab.data.dataset import Regions
from privacy_lab.networks.spec import NetworkSpec
from privacy_lab.sweep.plan import SweepPlan, Trained
from privacy_lab.sweep.recipe import AttackBudget, Budget, Learning, SweepRecipe, read_sweep_recipe
from tests.unit.privacy_lab import made
from tests.unit.privacy_lab.attacks import planted

RYU = read_sweep_recipe(made.RECIPES / "sweeps" / "ryu.yaml")
SIDE = 16
BRIEF = Learning(epochs=1, batch=32, rate=3e-3)
ATTACK = AttackBudget(descended=3, iterations=10, width=8, pictures=128, draws=4)
BUDGET = Budget(
    width=0.125,
    pictures=0,
    tests=40,
    runs=2,
    front=BRIEF,
    plain=BRIEF,
    noisy=BRIEF,
    ours=BRIEF,
    attack=ATTACK,
)


def recipe() -> SweepRecipe:
    """The shipped recipe with pictures of 16 × 16 and a network an eighth as wide; the sets are made ones."""
    signs = RYU.set_spec("gtsrb10")
    return msgspec.structs.replace(
        RYU,
        network=NetworkSpec("ryu"),
        input=InputSpec(SIDE, SIDE, 3, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)),
        bound_pictures=20,
        sets={
            "gtsrb10": msgspec.structs.replace(signs, front=("cifar100", "facescrub")),
        },
        budgets={"brief": BUDGET},
    )


def plan(
    *,
    method: Trained = "arden",
    cases: tuple[int, ...] = (1,),
    epsilons: tuple[float, ...] = (1.0, 100.0),
    seeds: int = 1,
    images: int = 6,
) -> SweepPlan:
    return SweepPlan(recipe(), "brief", method, ("gtsrb10",), cases, epsilons, seeds, images)


def signs_file(folder: Path, n: int = 160) -> None:
    """images/gtsrb10-32.npz in its own form: two classes, told apart by brightness."""
    regions: Regions = planted.regions(n, 1)
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(
        folder / "gtsrb10-32.npz",
        image=regions.images,
        label=regions.labels + 1,
        track=np.arange(n) // 2,
    )


def data_folder(folder: Path) -> Path:
    """The set to sweep, and another to pre-train its front on."""
    signs_file(folder / "images")
    made.facescrub_zip(folder / "faces" / "facescrub12-crops.zip")
    return folder
