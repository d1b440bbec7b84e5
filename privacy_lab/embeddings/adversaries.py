"""Adversaries that learn beside the code: one rebuilds the picture from it, one names who is shown."""

from collections import OrderedDict
from typing import Final, final

import torch
from torch import Tensor, nn
from torch.nn import functional

from privacy_lab.checkpoints import named, part
from privacy_lab.embeddings.defences import Seen
from privacy_lab.optimising import memory_of, recall

_RATE: Final = 1e-3
_HIDDEN: Final = 256
_SIDE: Final = 16
_UNKNOWN: Final = -1


@final
class AdversarialDecoder:
    """Rebuilds a down-sampled picture from the code; the front pays while that works; see `Defence`.

    The cost is the share of the variance around each label's mean picture that the decoder explains. The
    answer alone gives the mean picture away, so no cost is below 0, and 0 is reachable.
    """

    def __init__(self, numbers: int, device: torch.device) -> None:
        self._decoder = _perceptron(numbers, 3 * _SIDE * _SIDE).to(device)
        self._optimizer = torch.optim.Adam(self._decoder.parameters(), lr=_RATE)

    def cost(self, seen: Seen) -> Tensor:
        """See `Defence`."""
        small = thumbnails(seen.pictures)
        error = functional.mse_loss(_fixed(self._decoder, seen.code), small)
        return functional.relu(1 - error / around_means(small, seen.labels))

    def learn(self, seen: Seen) -> None:
        """Take one step towards the pictures."""
        loss = functional.mse_loss(self._decoder(seen.code), thumbnails(seen.pictures))
        _descend(self._optimizer, loss)

    def tensors(self) -> dict[str, Tensor]:
        """See `Defence`."""
        return named("decoder", self._decoder.state_dict()) | named("memory", memory_of(self._optimizer))

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """See `Defence`."""
        self._decoder.load_state_dict(part(tensors, "decoder"))
        recall(self._optimizer, part(tensors, "memory"))


@final
class IdentityAdversary:
    """Names who is shown from the code; the front learns against its gradient; see `Defence`.

    Reversed as by Ganin et al. (2016), but only while the adversary is better than one who knows the label
    and guesses: beyond that there is nothing to hide. Regions of unknown identity count for nothing.
    """

    def __init__(self, numbers: int, identities: int, guess: float, device: torch.device) -> None:
        """Take how many identities there are, and `guess`: H(identity | label) in nats."""
        self._guess = max(guess, 1e-3)
        self._classifier = _perceptron(numbers, max(identities, 1)).to(device)
        self._optimizer = torch.optim.Adam(self._classifier.parameters(), lr=_RATE)

    def cost(self, seen: Seen) -> Tensor:
        """See `Defence`."""
        known = seen.identities != _UNKNOWN
        if not bool(known.any()):
            return seen.code.sum() * 0.0
        surprise = functional.cross_entropy(
            _fixed(self._classifier, seen.code[known]), seen.identities[known]
        )
        return functional.relu(1 - surprise / self._guess)

    def learn(self, seen: Seen) -> None:
        """Take one step towards the identities."""
        known = seen.identities != _UNKNOWN
        if bool(known.any()):
            scores = self._classifier(seen.code[known])
            _descend(self._optimizer, functional.cross_entropy(scores, seen.identities[known]))

    def tensors(self) -> dict[str, Tensor]:
        """See `Defence`."""
        return named("classifier", self._classifier.state_dict()) | named(
            "memory", memory_of(self._optimizer)
        )

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """See `Defence`."""
        self._classifier.load_state_dict(part(tensors, "classifier"))
        recall(self._optimizer, part(tensors, "memory"))


def thumbnails(pictures: Tensor) -> Tensor:
    """Give each picture [n, 3, h, w] as flat numbers of 16 × 16 pixels, [n, 768]."""
    return functional.adaptive_avg_pool2d(pictures, _SIDE).flatten(1)


def around_means(rows: Tensor, labels: Tensor) -> Tensor:
    """Give the mean squared distance of rows [n, d] to the mean row of their label."""
    same = (labels[:, None] == labels[None, :]).float()  # [n, n]
    means = (same / same.sum(dim=1, keepdim=True)) @ rows
    return functional.mse_loss(rows, means).clamp_min(1e-8)


def _perceptron(takes: int, gives: int) -> nn.Sequential:
    return nn.Sequential(
        OrderedDict(
            first=nn.Linear(takes, _HIDDEN),
            relu=nn.ReLU(),
            second=nn.Linear(_HIDDEN, _HIDDEN),
            again=nn.ReLU(),
            last=nn.Linear(_HIDDEN, gives),
        )
    )


def _fixed(adversary: nn.Module, code: Tensor) -> Tensor:
    # The front's cost must not teach the adversary to fail: its weights take no part in this gradient.
    weights = {name: tensor.detach() for name, tensor in adversary.named_parameters()}
    given: Tensor = torch.func.functional_call(adversary, weights, (code,))
    return given


def _descend(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
