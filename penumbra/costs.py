"""What a release costs, as people read it: both epsilons by their full names."""

from feature_node.release.calibration import cost_of
from feature_node.release.mechanism import Cost
from models.manifest import Manifest


def cost_text(cost: Cost) -> str:
    """Both guarantees of a region's release; never just epsilon."""
    parts = []
    if cost.epsilon_joint is not None:
        delta = f" at delta {cost.delta:g}" if cost.delta is not None else ""
        parts.append(f"epsilon_joint {cost.epsilon_joint:,.7g}{delta}")
    if cost.epsilon_per_coordinate is not None:
        parts.append(f"epsilon_per_coordinate {cost.epsilon_per_coordinate:,.7g}")
    return ", ".join(parts) or "no guarantee"


def noise_rows(manifest: Manifest) -> list[tuple[str, str]]:
    """What there is to say of a bundle's noise; nothing where it has none."""
    noise, output = manifest.noise, manifest.output
    if not noise or output is None:
        return []
    told = noise.mechanism + (f", norm bounded to {noise.bound:g}" if noise.bound is not None else "")
    told += f", {len(noise.codebook)} words" if noise.codebook else ""
    told += f", {100 * noise.nullified:g} % of the input nullified" if noise.nullified else ""
    return [("noise", told), ("a region costs", cost_text(cost_of(noise, output.numbers)))]
