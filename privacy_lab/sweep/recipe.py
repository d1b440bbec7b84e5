"""The recipe of a sweep: which networks, cuts, data sets and amounts of noise, and how long to learn."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from models.manifest import InputSpec, Name, Share, Text
from privacy_lab.errors import BadRecipe
from privacy_lab.networks.spec import NetworkSpec
from privacy_lab.recipe import DataSpec, Positive, Rate, Seed, Weight

Epsilon = Annotated[float, msgspec.Meta(gt=0.0, le=1e9)]
Shift = Annotated[int, msgspec.Meta(ge=0, le=64)]
_Names = Annotated[tuple[Text, ...], msgspec.Meta(min_length=1)]


class Learning(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long and how fast something learns."""

    epochs: Positive
    batch: Positive
    rate: Rate


class SetSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One data set: its views, λ of noisy training, and what Ryu et al. (3.1.2) or ARDEN print for it.

    `mix` is λ, the share of the clean loss. `front` names the sets to pre-train the front on; the first that
    is there is taken.
    """

    called: Text
    front: _Names
    flip: bool
    shift: Shift
    cutout: Shift
    mix: Share
    published: Learning


class AttackBudget(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How hard to attack.

    Attributes:
        descended: Most pictures that are descended to; a decoder answers all that are attacked.
        iterations: Steps of a descent.
        width: Channels of the decoder's widest grid.
        pictures: Pictures shown to the decoder in all, repetitions counted.
        draws: Releases of one still picture that an attacker may average, beside one.
    """

    descended: Positive
    iterations: Positive
    width: Positive
    pictures: Annotated[int, msgspec.Meta(ge=1, le=100_000_000)]
    draws: Positive


class Budget(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What may be spent.

    Attributes:
        width: What every width of the network is multiplied by.
        pictures: Most training pictures of a set that are learnt from; 0: all.
        tests: Most test pictures that are answered; 0: all.
        runs: How often each is answered, with noise drawn anew; the mean counts.
        front: Pre-training of the front.
        plain: Training without noise: of the remote part (arden), of the whole network (ours).
        noisy: ARDEN's noisy training; None: as published for each set.
        ours: Our noisy training.
        attack: How hard to attack.
    """

    width: Annotated[float, msgspec.Meta(gt=0.0, le=8.0)]
    pictures: Annotated[int, msgspec.Meta(ge=0)]
    tests: Annotated[int, msgspec.Meta(ge=0)]
    runs: Positive
    front: Learning
    plain: Learning
    noisy: Learning | None
    ours: Learning
    attack: AttackBudget


class OursSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Our noisy training: how much the network without noise teaches, and what a decoder that learns costs.

    `decoder` is what the front pays for each unit of the pictures' variance that a decoder explains from its
    release; `guard` are the channels of that decoder.
    """

    teacher: Share
    smoothing: Share
    weight_decay: Share
    average: Share
    decoder: Weight
    guard: Positive


class SweepRecipe(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything that decides what a sweep's points are.

    Attributes:
        kind: Always `sweep`.
        name: The recipe's.
        network: The network of every set.
        cases: The layers to cut behind, in the order of the paper's cases.
        input: What every set's pictures are brought to: one front serves all sets.
        epsilons: The ε per coordinate to try.
        bound_pictures: Of so many training pictures the median ∞-norm is B.
        nullified: μ.
        eta: η of ARDEN's adversarial noise.
        seed: The first seed.
        data: How sets without official parts are divided.
        sets: By the names of `penumbra lab data`.
        ours: Our noisy training.
        budgets: By name.
        joint: Recipes of embeddings on whose numbers a joint guarantee is tried.
        joint_epsilons: The joint ε to try.
        delta: Of the Gaussian mechanism.
    """

    kind: Literal["sweep"]
    name: Name
    network: NetworkSpec
    cases: Annotated[tuple[Text, ...], msgspec.Meta(min_length=1, max_length=9)]
    input: InputSpec
    epsilons: Annotated[tuple[Epsilon, ...], msgspec.Meta(min_length=1)]
    bound_pictures: Positive
    nullified: Annotated[float, msgspec.Meta(ge=0.0, lt=1.0)]
    eta: Weight
    seed: Seed
    data: DataSpec
    sets: Annotated[dict[str, SetSpec], msgspec.Meta(min_length=1)]
    ours: OursSpec
    budgets: Annotated[dict[str, Budget], msgspec.Meta(min_length=1)]
    joint: tuple[Text, ...] = ()
    joint_epsilons: tuple[Epsilon, ...] = ()
    delta: Annotated[float, msgspec.Meta(gt=0.0, lt=1.0)] = 1e-5

    @property
    def takes(self) -> tuple[int, int, int]:
        """Channels, height and width of a picture."""
        return (self.input.channels, self.input.height, self.input.width)

    def layer(self, case: int) -> str:
        """Give the layer that a case (1, 2, ...) is cut behind.

        Raises:
            BadRecipe: there is no such case.
        """
        if not 1 <= case <= len(self.cases):
            raise BadRecipe(f"{self.name}: case {case}: there are 1 to {len(self.cases)}")
        return self.cases[case - 1]

    def budget(self, name: str) -> Budget:
        """Give the budget of this name.

        Raises:
            BadRecipe: there is none; the text names those that there are.
        """
        if name not in self.budgets:
            raise BadRecipe(f"{self.name}: budget {name}: there are {', '.join(self.budgets)}")
        return self.budgets[name]

    def set_spec(self, name: str) -> SetSpec:
        """Say what the recipe knows of a data set.

        Raises:
            BadRecipe: nothing; the text names the sets it does know.
        """
        if name not in self.sets:
            raise BadRecipe(f"{self.name}: set {name}: there are {', '.join(self.sets)}")
        return self.sets[name]


def read_sweep_recipe(path: Path) -> SweepRecipe:
    """Read a sweep's recipe from a YAML file.

    Raises:
        BadRecipe: it is not there, not YAML, or a value is missing or not allowed; the text names which.
    """
    try:
        return msgspec.yaml.decode(path.read_bytes(), type=SweepRecipe)
    except OSError as error:
        raise BadRecipe(f"{path}: cannot be read: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadRecipe(f"{path}: {error}") from error
