"""In which order release steps run: the one place that says so."""

from feature_node.release.bounds import ClipCoordinates
from feature_node.release.mechanism import Chain, Mechanism
from feature_node.release.storing import Quantise
from models.manifest import OutputSpec


def chain_of(output: OutputSpec) -> Mechanism:
    """Give the steps for numbers of this output: clipped to ±clip, stored as its type."""
    return Chain(ClipCoordinates(output), Quantise(output))
