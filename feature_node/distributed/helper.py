"""What a helper keeps and answers, apart from the wire: weights within its memory, work for what it has."""

import time
from collections import OrderedDict
from typing import Final, final

from broker.helpers import HelperPartial, HelperWeights, HelperWork, Refusal, digest_of
from feature_node.distributed.segment import computed
from feature_node.errors import WrongShape

MAX_REMEMBERED: Final = 64


@final
class Helper:
    """Holds slices of weights, the least recently used of which makes room, and computes with them."""

    def __init__(self, name: str, memory_bytes: int) -> None:
        self._name = name
        self._memory = memory_bytes
        self._slices: OrderedDict[bytes, HelperWeights] = OrderedDict()
        self._refused: OrderedDict[bytes, Refusal] = OrderedDict()

    @property
    def kept_bytes(self) -> int:
        """The memory that the weights take."""
        return sum(weights.size_bytes for weights in self._slices.values())

    def keep(self, weights: HelperWeights) -> Refusal:
        """Keep a slice; gives why not, or nothing."""
        refusal: Refusal = ""
        if digest_of(weights.maps, weights.kernels) != weights.digest:
            refusal = "wrong-weights"
        elif weights.size_bytes > self._memory:
            refusal = "no-memory"
        if refusal:
            self._refused[weights.digest] = refusal
            if len(self._refused) > MAX_REMEMBERED:
                self._refused.popitem(last=False)
            return refusal
        self._refused.pop(weights.digest, None)
        self._slices.pop(weights.digest, None)
        while self.kept_bytes + weights.size_bytes > self._memory:
            self._slices.popitem(last=False)
        self._slices[weights.digest] = weights
        return ""

    def answer(self, work: HelperWork) -> HelperPartial:
        """Put maps through the weights that the work names, or say why that cannot be."""
        weights = self._slices.get(work.digest)
        if weights is None:
            return self._refusal(work, self._refused.get(work.digest, "no-weights"))
        self._slices.move_to_end(work.digest)
        began = time.perf_counter()
        try:
            sums = computed(weights, work)
        except WrongShape:
            return self._refusal(work, "wrong-shape")
        seconds = time.perf_counter() - began
        return HelperPartial(self._name, work.run, work.task, work.digest, sums, seconds)

    def _refusal(self, work: HelperWork, why: Refusal) -> HelperPartial:
        return HelperPartial(self._name, work.run, work.task, work.digest, refused=why)
