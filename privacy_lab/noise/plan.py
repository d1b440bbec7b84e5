"""The noise that a recipe asks for, fitted to what its network releases: a bound, or a codebook."""

from collections import Counter
from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import UNSET, UnsetType
from numpy.typing import NDArray

from models.manifest import NoiseSpec, OutputSpec
from models.quantise import Floats
from privacy_lab.errors import BadRecipe

Words = Annotated[int, msgspec.Meta(ge=2, le=4096)]


class NoisePlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a recipe says of noise; the amounts are those of `NoiseSpec`.

    Attributes:
        mechanism: As in `NoiseSpec`.
        epsilon_per_coordinate: For `laplace`.
        epsilon_joint: For the others.
        delta: For `gaussian-l2`.
        nullified: The share of the input's entries that are set to zero.
        words: How many words the codebook of `response` has: at least one a label.
    """

    mechanism: Literal["laplace", "laplace-l1", "gaussian-l2", "response"]
    epsilon_per_coordinate: float | None = None
    epsilon_joint: float | None = None
    delta: float | None = None
    nullified: float = 0.0
    words: Words | UnsetType = UNSET


def fit(plan: NoisePlan, numbers: Floats, labels: NDArray[np.int64], output: OutputSpec) -> NoiseSpec:
    """Measure on training regions what the plan leaves open.

    B is the median norm, of the order that the mechanism bounds (Ryu et al., section 3.1, for the largest
    coordinate). The codebook is what is released most often: first for each label, then for any.

    Args:
        plan: The noise.
        numbers: What the front gives for training regions, float32 [n, *output.shape].
        labels: Their labels, [n].
        output: How numbers are bounded and stored.

    Raises:
        BadRecipe: The plan contradicts itself or does not fit these numbers; the text says where.
    """
    try:
        spec = NoiseSpec(
            mechanism=plan.mechanism,
            bound=None if plan.mechanism == "response" else _median_norm(plan, numbers, output),
            epsilon_per_coordinate=plan.epsilon_per_coordinate,
            epsilon_joint=plan.epsilon_joint,
            delta=plan.delta,
            nullified=plan.nullified,
            codebook=_codebook(plan, numbers, labels, output),
        )
        spec.check_fits(output)
    except ValueError as error:
        raise BadRecipe(f"noise: {error}") from error
    return spec


def _median_norm(plan: NoisePlan, numbers: Floats, output: OutputSpec) -> float:
    order = {"laplace": np.inf, "laplace-l1": 1, "gaussian-l2": 2}[plan.mechanism]
    norms = np.linalg.norm(numbers.reshape(len(numbers), -1), ord=order, axis=1)
    return min(float(np.median(norms)), output.clip)


def _codebook(
    plan: NoisePlan, numbers: Floats, labels: NDArray[np.int64], output: OutputSpec
) -> tuple[tuple[int, ...], ...]:
    if plan.mechanism != "response":
        return ()
    if output.dtype != "int8" or plan.words is UNSET or plan.words < len(np.unique(labels)):
        raise BadRecipe("noise: response needs an embedding stored as int8, and words: at least one a label")
    flat = np.clip(numbers, -output.clip, output.clip).reshape(len(numbers), -1)
    released = [tuple(map(int, row)) for row in np.rint(flat / output.scale)]
    of_each = Counter(zip(released, labels.tolist(), strict=True))
    first: dict[int, tuple[int, ...]] = {}
    for (word, label), _ in of_each.most_common():
        if label not in first and word not in first.values():
            first[label] = word
    others = (word for word, _ in Counter(released).most_common() if word not in first.values())
    return (*first.values(), *(word for word, _ in zip(others, range(plan.words - len(first)), strict=False)))
