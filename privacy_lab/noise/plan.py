"""The noise that a recipe asks for, fitted to what its network releases: a bound, or a codebook."""

from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.manifest import NoiseSpec, OutputSpec
from models.quantise import Floats
from privacy_lab.errors import BadRecipe


class NoisePlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a recipe says of noise; the amounts are those of `NoiseSpec`.

    Attributes:
        mechanism: As in `NoiseSpec`.
        epsilon_per_coordinate: For `laplace`.
        epsilon_joint: For the others.
        delta: For `gaussian-l2`.
        nullified: The share of the input's entries that are set to zero.
    """

    mechanism: Literal["laplace", "laplace-l1", "gaussian-l2", "response"]
    epsilon_per_coordinate: float | None = None
    epsilon_joint: float | None = None
    delta: float | None = None
    nullified: float = 0.0


def finer(output: OutputSpec) -> OutputSpec:
    """Give the finest grid of an embedding stored as int8: noise, or a word, stands anywhere on it."""
    if output.dtype != "int8":
        return output
    return OutputSpec("int8", output.shape, output.clip, output.clip / 127)


def fit(
    plan: NoisePlan, numbers: Floats, labels: NDArray[np.int64], output: OutputSpec, count: int
) -> NoiseSpec:
    """Measure on training regions what the plan leaves open.

    B is the median norm, of the order that the mechanism bounds (Ryu et al., section 3.1, for the largest
    coordinate). The codebook holds the mean of what each label releases: the fewer the words, the rarer the
    lies, and the nearest of these is as good a guess of the answer as more of them give.

    Args:
        plan: The noise.
        numbers: What the front gives for training regions, float32 [n, *output.shape].
        labels: Their labels, [n].
        output: How numbers are bounded and stored.
        count: How many labels there are.

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
            codebook=_codebook(plan, numbers, labels, output, count),
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
    plan: NoisePlan, numbers: Floats, labels: NDArray[np.int64], output: OutputSpec, count: int
) -> tuple[tuple[int, ...], ...]:
    if plan.mechanism != "response":
        return ()
    if output.dtype != "int8":
        raise BadRecipe(f"noise: response needs an embedding that is stored as int8, not {output.dtype}")
    missing = sorted(set(range(count)) - set(labels.tolist()))
    if missing:
        raise BadRecipe(f"noise: no region to learn the word of label {missing[0]} from; give more pictures")
    flat = np.clip(numbers, -output.clip, output.clip).reshape(len(numbers), -1)
    means = [flat[labels == label].mean(axis=0) for label in range(count)]
    return tuple(tuple(map(int, np.rint(mean / output.scale))) for mean in means)
