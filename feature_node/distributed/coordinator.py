"""Runs a cut network over its helpers, layer by layer, within a deadline; a whole answer or none.

Layers are synchronous, as in equation (5): all partial outputs of a layer are there before the next piece
runs. For a helper that is late or gone others stand in, within the caps and the frame's deadline.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Final, NamedTuple, final

import numpy as np

from broker.bounds import ENVELOPE_BYTES, MAX_MAPS_BYTES
from broker.helpers import HelperWeights
from feature_node.distributed.cut import Cut, CutLayer
from feature_node.distributed.exchange import Exchange
from feature_node.distributed.handout import Handout, Numbers
from feature_node.distributed.pieces import Pieces, Tensors
from feature_node.distributed.planning import Placement
from feature_node.distributed.segment import Floats, outputs_of, slice_for
from feature_node.errors import BadSettings, ExtractorError
from feature_node.placement.model import FLOAT_BYTES
from feature_node.threads import Threads

MAX_SLICES: Final = 4096


class _Layer(NamedTuple):
    """A layer of one batch: its place, what it is, and its maps, float32 [n, maps, rows, columns]."""

    place: int
    cut: CutLayer
    maps: Floats


@final
class Coordinator:
    """Gives embeddings; safe for several frames at a time."""

    def __init__(
        self,
        cut: Cut,
        pieces: Pieces,
        threads: Threads,
        *,
        exchange: Exchange,
        placement: Callable[[], Placement],
        outcome: Callable[[str, str], None],
        deadline_seconds: float,
    ) -> None:
        """Coordinate.

        Args:
            cut: The network.
            pieces: What of it runs here.
            threads: Where those run.
            exchange: The wire to the helpers.
            placement: Gives the placement of this moment; raises `NoPlacement`.
            outcome: Hears of each helper that was asked, and why it gave nothing; empty where it did.
            deadline_seconds: How long a batch may take.
        """
        self._cut = cut
        self._pieces = pieces
        self._threads = threads
        self._exchange = exchange
        self._placement = placement
        self._outcome = outcome
        self._deadline = deadline_seconds
        self._slices: dict[tuple[str, int, Numbers], HelperWeights] = {}
        self._most_at_once: Final = most_at_once(cut)

    async def run(self, batch: Floats) -> Floats:
        """Give the embeddings of pictures, float32 [n, channels, rows, columns], n at least 1.

        Raises:
            NoPlacement: The helpers that are there may not hold everything.
            HelpersLate: The deadline has passed.
            ExtractorError: A piece does not run.
        """
        until = time.monotonic() + self._deadline
        step = self._most_at_once
        return np.concatenate(
            [await self._run(batch[k : k + step], until) for k in range(0, len(batch), step)]
        )

    async def prepare(self, placement: Placement) -> None:
        """Give every helper its weights ahead of the first frame; who cannot be reached gets them later."""
        for place, shares in enumerate(placement.shares):
            for helper, numbers in shares.items():
                await self._exchange.give(self._slice(place, self._cut.layers[place], helper, numbers))

    async def _run(self, batch: Floats, until: float) -> Floats:
        tensors: Tensors = {self._cut.source: batch}
        for wave in range(len(self._pieces)):
            tensors |= await self._threads.run(self._pieces.run, wave, tensors)
            layers = [_Layer(k, layer, _floats(tensors, layer.tensor)) for k, layer in self._cut.wave(wave)]
            for outputs in await asyncio.gather(*(self._outputs(layer, until) for layer in layers)):
                tensors |= outputs
        result = _floats(tensors, self._cut.result)
        if len(result) != len(batch):
            raise ExtractorError("the cut network gave another number of embeddings")
        return result

    async def _outputs(self, layer: _Layer, until: float) -> Tensors:
        """Hand out a layer's maps until all of them have come back, each exactly once; add the bias."""
        n, convolutions = len(layer.maps), layer.cut.convolutions
        sums = [np.zeros((n, c.maps_out, c.rows, c.columns), np.float32) for c in convolutions]

        def add(numbers: Numbers, parts: tuple[Floats, ...]) -> None:
            for total, convolution, part in zip(sums, convolutions, parts, strict=True):
                total[:, list(outputs_of(convolution, numbers))] += part

        handout = Handout(
            layer.cut.name,
            lambda missing: self._placement().holders(layer.place, missing),
            lambda helper, numbers, seconds: self._asked(layer, helper, numbers, seconds),
            add,
            self._outcome,
        )
        await handout.run(layer.cut.maps_in, until)
        return {
            c.output: total + _bias(c.bias, c.maps_out) for c, total in zip(convolutions, sums, strict=True)
        }

    async def _asked(
        self, layer: _Layer, helper: str, numbers: Numbers, seconds: float
    ) -> tuple[Floats, ...]:
        weights = self._slice(layer.place, layer.cut, helper, numbers)
        shapes = tuple(
            (len(layer.maps), kernel.maps_out, c.rows, c.columns)
            for kernel, c in zip(weights.kernels, layer.cut.convolutions, strict=True)
        )
        return await self._exchange.ask(weights, layer.maps[:, list(numbers)], shapes, seconds)

    def _slice(self, place: int, layer: CutLayer, helper: str, numbers: Numbers) -> HelperWeights:
        key = (helper, place, numbers)
        if key not in self._slices:
            if len(self._slices) >= MAX_SLICES:
                self._slices.clear()
            self._slices[key] = slice_for(helper, layer, numbers)
        return self._slices[key]


def most_at_once(cut: Cut) -> int:
    """Say of how many pictures the maps fit in one message, whoever holds them.

    Raises:
        BadSettings: Those of one picture do not.
    """
    limit = MAX_MAPS_BYTES - ENVELOPE_BYTES
    largest = max(cut.layers, key=_message_bytes)
    if _message_bytes(largest) > limit:
        raise BadSettings(
            f"edge.extractor: the maps of {largest.name} have {_message_bytes(largest)} bytes, a message "
            f"holds {limit}. Choose a bundle that takes smaller pictures, or set edge.extractor to bundle."
        )
    return limit // _message_bytes(largest)


def _message_bytes(layer: CutLayer) -> int:
    handed = layer.maps_in * layer.rows * layer.columns
    answered = sum(c.maps_out * c.rows * c.columns for c in layer.convolutions)
    return max(handed, answered) * FLOAT_BYTES


def _floats(tensors: Tensors, name: str) -> Floats:
    return np.asarray(tensors[name], np.float32)


def _bias(bias: bytes, maps: int) -> Floats:
    """Read a bias as float32 [1, maps, 1, 1]; zeros for none."""
    values = np.frombuffer(bias, "<f4") if bias else np.zeros(maps, np.float32)
    return np.asarray(values, np.float32).reshape(1, maps, 1, 1)
