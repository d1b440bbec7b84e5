"""The entropy bottleneck: what the code says beyond the label costs bits (Fischer 2020)."""

import math
from typing import Final, final

import torch
from torch import Tensor

from models.manifest import OutputSpec
from privacy_lab.embeddings.defences import Seen

# The share of the tally that is kept from batch to batch.
_KEEP: Final = 0.98
# Each step is counted as if seen this often before: a length must stay finite.
_BEFORE: Final = 0.05


@final
class EntropyBottleneck:
    """Prices each number of the code at its length in bits, given the label; see `Defence`.

    The code q is a function of the picture x, so that H(q | label) is I(x; q | label): all that it tells
    about x beyond the answer. The sum over numbers of H(q_j | label) bounds it from above. The frequency of
    each step is tallied over the latest batches, apart for each label.
    """

    def __init__(self, labels: int, output: OutputSpec, device: torch.device) -> None:
        """Tally apart for each of so many labels; with 1, whatever the label: the code's whole entropy."""
        (k,) = output.shape
        self._labels = labels
        self._scale = output.scale
        self._levels = round(output.clip / output.scale)
        self._tally = torch.ones(labels, k, 2 * self._levels + 1, device=device)

    def cost(self, seen: Seen) -> Tensor:
        """Give the mean length of a code in bits; between two steps it is interpolated."""
        top = 2 * self._levels
        numbers = seen.numbers / self._scale + self._levels  # [n, k], steps 0 ... top
        within = numbers + (numbers.clamp(0, top) - numbers).detach()
        below = within.detach().floor().clamp(0, top - 1)  # [n, k]
        bits = self._bits()[self._groups(seen)]  # [n, k, steps]
        low, high = (bits.gather(2, (below + up).long()[:, :, None])[:, :, 0] for up in (0, 1))
        lengths = low + (within - below) * (high - low)
        return lengths.sum(dim=1).mean()

    @torch.no_grad()
    def learn(self, seen: Seen) -> None:
        """Tally the steps of this batch."""
        steps = torch.round(seen.code / self._scale).long() + self._levels  # [n, k]
        hits = torch.nn.functional.one_hot(steps, self._tally.shape[2]).float()  # [n, k, steps]
        self._tally.mul_(_KEEP).index_add_(0, self._groups(seen), hits, alpha=1 - _KEEP)

    def tensors(self) -> dict[str, Tensor]:
        """See `Defence`."""
        return {"tally": self._tally}

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """See `Defence`."""
        self._tally.copy_(tensors["tally"])

    def _groups(self, seen: Seen) -> Tensor:
        return seen.labels if self._labels > 1 else torch.zeros_like(seen.labels)

    def _bits(self) -> Tensor:
        counts = self._tally + _BEFORE  # [labels, k, steps]
        return -torch.log(counts / counts.sum(dim=2, keepdim=True)) / math.log(2)
