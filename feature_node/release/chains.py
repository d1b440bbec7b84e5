"""In which order release steps run: the one place that says so."""

import numpy as np
from msgspec import UNSET, UnsetType

from feature_node.release.bounds import ClipCoordinates, ClipNorm
from feature_node.release.mechanism import Chain, Mechanism
from feature_node.release.noise import GaussianJoint, LaplaceJoint, LaplacePerCoordinate
from feature_node.release.response import CodebookResponse
from feature_node.release.samplers import Samplers, SystemSamplers
from feature_node.release.storing import Quantise
from models.manifest import NoiseSpec, OutputSpec


def chain_of(
    output: OutputSpec, noise: NoiseSpec | UnsetType = UNSET, samplers: Samplers | None = None
) -> Mechanism:
    """Give the steps for numbers of this output: bounded, noised where that is asked for, stored as its type.

    What is stored is clipped to ±output.clip after the noise: post-processing, which costs nothing.

    Raises:
        BadNoise: The noise cannot be made here.
    """
    if not noise:
        return Chain(ClipCoordinates(output), Quantise(output))
    return Chain(*_private(output, noise, samplers or SystemSamplers()), Quantise(output))


def _private(output: OutputSpec, noise: NoiseSpec, samplers: Samplers) -> tuple[Mechanism, ...]:
    # An amount that a manifest lacks is one that its mechanism does not need; zero would be refused.
    bound, joint = noise.bound or 0.0, noise.epsilon_joint or 0.0
    match noise.mechanism:
        case "laplace":
            one = noise.epsilon_per_coordinate or 0.0
            return ClipNorm("inf", bound, output), LaplacePerCoordinate(bound, one, output.numbers, samplers)
        case "laplace-l1":
            return ClipNorm("l1", bound, output), LaplaceJoint(bound, joint, output, samplers)
        case "gaussian-l2":
            noised = GaussianJoint(bound, joint, noise.delta or 0.0, output, samplers)
            return ClipNorm("l2", bound, output), noised
        case "response":
            said = CodebookResponse(np.array(noise.codebook, np.int8), joint, output, samplers)
            # The words stand among bounded numbers: one that is far out would be nearest to the wrong one.
            return ClipCoordinates(output), said
