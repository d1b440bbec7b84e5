"""The steps in which a network is handed out: neighbouring layers whose maps stay where they are.

An activation or a pool has no multiplications, and to move its maps to others costs time and bytes; so the
helper that holds a map of it holds that map of the convolution behind it too.
"""

from dataclasses import dataclass
from typing import Literal

from feature_node.placement.privacy import at_source
from feature_node.placement.problem import Problem


@dataclass(frozen=True, slots=True)
class Stage:
    """Layers that share their holders.

    Attributes:
        layers: Their places in the network.
        own: Whether the source computes them.
        single: Whether one device must hold all maps: a fully connected layer (8g).
        maps: P: how many maps are to be held.
        share: The most that one helper may hold: Nf, less where helpers collude.
        work: Multiplications a map.
        weight: Bytes of weights a map.
        into: Bytes of one map, as the first of the layers takes it.
        answer: Bytes of all that a holder sends on, however many maps it holds; 0 where it sends its maps.
        gives: Bytes of one map, as it leaves; of use where a holder sends its maps.
    """

    layers: range
    own: bool
    single: bool
    maps: int
    share: int
    work: float
    weight: float
    into: float
    answer: float
    gives: float


Cut = Literal["joined", "dense apart", "all apart"]
"""Where else than behind a convolution a stage ends: nowhere, before a dense layer, or before each."""


def stages_of(problem: Problem, cut: Cut) -> tuple[Stage, ...]:
    """Give the stages in order.

    Joined, the maps in front of a layer come together where they are taken as soon as they are summed.
    Apart, others may sum and pool them first, and then send them on, smaller.
    """
    own = at_source(problem.network, problem.caps, problem.topology)
    stages, start = [], 0
    for place, layer in enumerate(problem.network.layers):
        ends = place + 1 == len(own) or layer.kind in {"conv", "fc"} or own[place + 1] != own[place]
        if ends or _is_cut(problem, place + 1, cut):
            stages.append(_stage(problem, range(start, place + 1), own=own[place]))
            start = place + 1
    return tuple(stages)


def _is_cut(problem: Problem, place: int, cut: Cut) -> bool:
    layer = problem.network.layers[place]
    dense = layer.kind == "fc" and layer.maps_in > 1
    return (cut != "joined" and dense) or (cut == "all apart" and layer.kind in {"conv", "fc"})


def _stage(problem: Problem, places: range, *, own: bool) -> Stage:
    layers = [problem.network.layers[place] for place in places]
    last = layers[-1]
    return Stage(
        layers=places,
        own=own,
        single=any(layer.kind == "fc" for layer in layers),
        maps=layers[0].maps_in,
        share=min(problem.caps.share(problem.network, place) for place in places),
        work=float(sum(layer.multiplications for layer in layers)),
        weight=float(sum(layer.weight_bytes for layer in layers)),
        into=float(layers[0].map_bytes_in),
        answer=float(last.maps_out * last.map_bytes_out) if last.kind in {"conv", "fc"} else 0.0,
        gives=float(last.map_bytes_out),
    )
