"""A few numbers under joint noise: what the edge makes of its embedding and the cloud reads, learnt together.

Where the noise is as large as the numbers, where they stand decides how often they are mistaken for others. A
small map behind the extractor learns that place, as a sender learns a code for a noisy channel.
"""

from dataclasses import dataclass
from typing import Final, final

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.manifest import NoiseSpec, OutputSpec
from privacy_lab.attacks.fitting import rise_and_fall
from privacy_lab.noise.draws import Source
from privacy_lab.noise.mechanisms import Twin, twin_of

# Numbers are bounded to 1 in the mechanism's norm; noise that carries them further than this is cut off.
_REACH: Final = 3.0
_STEPS: Final = 127
_DRAWS: Final = 4
_LEAST: Final = 1e-3


@dataclass(frozen=True, slots=True)
class SignalSettings:
    """How sender and reader learn.

    Attributes:
        sizes: How many numbers may leave: the size whose answers are the best on what is set aside is kept.
        hidden: Neurons of each side's one hidden layer.
        steps: Of AdamW.
        batch: Embeddings a step, drawn anew.
        rate: The highest.
        aside: Share of the embeddings that the size is chosen by.
    """

    sizes: tuple[int, ...] = (1, 2, 4, 8)
    hidden: int = 48
    steps: int = 500
    batch: int = 512
    rate: float = 1e-2
    aside: float = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Signal:
    """Sender [n, k] to [n, d] and reader [n, d] to logits, and the noise between them."""

    sender: nn.Module
    reader: nn.Module
    noise: NoiseSpec
    output: OutputSpec
    twin: Twin

    def answer(self, embeddings: Tensor, source: Source) -> Tensor:
        """Give the logits of embeddings [n, k] under noise drawn anew."""
        logits: Tensor = self.reader(self.twin.noisy(self.twin.bounded(self.sender(embeddings)), source))
        return logits


def signal_output(numbers: int) -> OutputSpec:
    """Say how numbers bounded to a norm of 1 are stored under noise."""
    return OutputSpec("int8", (numbers,), clip=_REACH, scale=_REACH / _STEPS)


def learn_signal(
    embeddings: Tensor, labels: Tensor, count: int, noise: NoiseSpec, settings: SignalSettings, *, seed: int
) -> Signal:
    """Learn sender and reader under noise whose bound is 1.

    Args:
        embeddings: What the extractor gives, float32 [n, k].
        labels: int64 [n].
        count: How many labels there are.
        noise: `laplace-l1` or `gaussian-l2`, with a bound of 1.
        settings: How to learn.
        seed: Decides every random choice.
    """
    draw = torch.Generator().manual_seed(seed)
    order, few = torch.randperm(len(labels), generator=draw), max(1, round(settings.aside * len(labels)))
    aside, learn = order[:few], order[few:]
    tried: list[tuple[float, Signal]] = []
    for size in settings.sizes:
        torch.manual_seed(seed)
        signal = _fresh(embeddings[learn], size, count, noise, settings.hidden)
        _fit(signal, embeddings[learn], labels[learn], settings, draw)
        tried.append((_right(signal, embeddings[aside], labels[aside], draw), signal))
    return max(tried, key=lambda one: one[0])[1]


def _fresh(seen: Tensor, size: int, count: int, noise: NoiseSpec, hidden: int) -> Signal:
    output = signal_output(size)
    sender = nn.Sequential(_Standard(seen), *_perceptron(seen.shape[1], hidden, size))
    return Signal(sender, _perceptron(size, hidden, count), noise, output, twin_of(noise, output))


def _fit(signal: Signal, x: Tensor, y: Tensor, settings: SignalSettings, draw: torch.Generator) -> None:
    parameters = [*signal.sender.parameters(), *signal.reader.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=settings.rate, weight_decay=1e-3)
    for step in range(settings.steps):
        for group in optimizer.param_groups:
            group["lr"] = settings.rate * rise_and_fall(step, settings.steps)
        some = torch.randint(len(y), (settings.batch,), generator=draw)
        loss = functional.cross_entropy(signal.answer(x[some], draw), y[some])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    signal.sender.eval()
    signal.reader.eval()


@torch.no_grad()
def _right(signal: Signal, x: Tensor, y: Tensor, draw: torch.Generator) -> float:
    """Give the share answered rightly, over several draws: what is set aside is little."""
    said = [signal.answer(x, draw).argmax(dim=1) == y for _ in range(_DRAWS)]
    return float(torch.stack(said).float().mean())


@final
class _Standard(nn.Module):
    """(x - mean) / spread, as measured once."""

    mean: Tensor
    spread: Tensor

    def __init__(self, x: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", x.mean(dim=0))
        self.register_buffer("spread", x.std(dim=0, correction=0).clamp_min(_LEAST))

    def forward(self, x: Tensor) -> Tensor:
        return (x - self.mean) / self.spread


def _perceptron(takes: int, hidden: int, gives: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(takes, hidden), nn.ReLU(), nn.Linear(hidden, gives))
