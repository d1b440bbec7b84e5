"""How much noise a site asks of its bundle, and what comes of that and the bundle's own."""

import math
from typing import Final

import msgspec
from msgspec import UnsetType

from feature_node.errors import BadNoise, BadSettings
from models.manifest import Manifest, NoiseSpec

_REMEDY: Final = "Name a bundle that was made for noise (penumbra bundle show), or take edge.noise out."


class NoiseSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another amount of noise than the bundle's own; exactly one epsilon is given.

    Attributes:
        epsilon_per_coordinate: For a bundle with noise as published: of each number by itself.
        epsilon_joint: For the others: of all numbers of a region together.
        delta: For Gaussian noise: probability with which epsilon_joint may not hold; None: the bundle's.
    """

    epsilon_per_coordinate: float | None = None
    epsilon_joint: float | None = None
    delta: float | None = None

    def __post_init__(self) -> None:
        """Refuse amounts that promise nothing, and two guarantees at once."""
        for name in ("epsilon_per_coordinate", "epsilon_joint", "delta"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value > 0):
                raise BadSettings(f"edge.noise.{name}: {value!r} is not a finite number above zero")
        if self.delta is not None and self.delta >= 1:
            raise BadSettings(f"edge.noise.delta: {self.delta!r} is not under 1: nothing would be promised")
        if (self.epsilon_per_coordinate is None) == (self.epsilon_joint is None):
            raise BadSettings("edge.noise: give epsilon_joint or epsilon_per_coordinate, one of the two.")


def noise_of(manifest: Manifest, wanted: NoiseSettings | None) -> NoiseSpec | UnsetType:
    """Give the noise of a bundle in the amount that the site wants; unset where neither asks for any.

    Raises:
        BadNoise: The site asks for noise that the bundle was not made for.
    """
    if wanted is None:
        return manifest.noise
    if not manifest.noise:
        raise BadNoise(
            f"edge.noise: {manifest.name} was made without noise, so nothing bounds its numbers. {_REMEDY}"
        )
    kind = manifest.noise.mechanism
    needed = "epsilon_per_coordinate" if kind == "laplace" else "epsilon_joint"
    if getattr(wanted, needed) is None:
        raise BadNoise(f"edge.noise: the noise of {manifest.name} ({kind}) is set by {needed}. Write that.")
    if wanted.delta is not None and kind != "gaussian-l2":
        raise BadNoise(f"edge.noise.delta: the noise of {manifest.name} ({kind}) has none. Take delta out.")
    return msgspec.structs.replace(
        manifest.noise,
        epsilon_per_coordinate=wanted.epsilon_per_coordinate,
        epsilon_joint=wanted.epsilon_joint,
        delta=wanted.delta or manifest.noise.delta,
    )
