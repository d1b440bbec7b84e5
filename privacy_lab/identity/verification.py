"""Verification by transfer learning (Osia et al., section V-B): can identities be learnt from payloads?

The extractor is frozen; recognisers are trained on its payloads of some pictures of identities that it never
saw, and asked about other pictures of the same identities.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from privacy_lab.identity.enough import usable_by_group
from privacy_lab.identity.tally import Seen, Tallies, spread
from privacy_lab.identity.ties import Doubles, Indices

NAME: Final = "verification"
HEADS: Final = ("linear", "mlp")
# More numbers than this are first brought down to their main components, or the heads learn by heart.
_MOST: Final = 256
_NOTHING: Final = 1e-9


@dataclass(frozen=True, slots=True)
class VerificationSettings:
    """How the recognisers are trained.

    Attributes:
        train: Share of an identity's pictures that the recognisers learn from.
        pictures: Fewest pictures of an identity that takes part.
        hidden: Width of the MLP's hidden layer.
        steps: Most steps of full-batch AdamW; the best step is chosen on a fourth of the training pictures.
        patience: Steps without a smaller loss on that fourth before the search for the best one ends.
        rate: Learning rate.
        decay: Weight decay.
    """

    train: float = 0.6
    pictures: int = 5
    hidden: int = 128
    steps: int = 200
    patience: int = 25
    rate: float = 1e-2
    decay: float = 1e-2


def verify(seen: Seen, seed: int, settings: VerificationSettings = VerificationSettings()) -> Tallies:
    """Train recognisers on some pictures of each identity and ask them about the others.

    Args:
        seen: Payloads of unseen identities; each picture is answered by an identity of its own group.
        seed: Draws the training pictures and the first weights.
        settings: How to train.

    Returns:
        `accuracy/linear`, `accuracy/mlp`, `accuracy/chance` (one of the group's identities at random) and
        `accuracy/majority` (always the group's most frequent one), picture by picture.

    Raises:
        TooFewIdentities: no group has two identities with pictures enough.
    """
    part = np.concatenate(usable_by_group(NAME, seen.identities, seen.groups, settings.pictures))
    names, who = np.unique(seen.identities[part], return_inverse=True)
    train, test = _split(who, settings.train, np.random.default_rng([seed, 4]))
    x, y = torch.from_numpy(_prepare(seen.rows[part], train)), torch.from_numpy(who)
    scores = {f"accuracy/{head}": _ask(head, _Task(x, y, train), seed, settings)[test] for head in HEADS}
    often = np.bincount(who[train], minlength=len(names)).astype(np.float64)
    scores["accuracy/majority"] = np.broadcast_to(often, (len(test), len(names)))
    allowed = _allowed(who, seen.groups[part], len(names))[test]
    answers = {name: np.where(allowed, given, -np.inf).argmax(axis=1) for name, given in scores.items()}
    values = {name: (answer == who[test]).astype(np.float64) for name, answer in answers.items()}
    values["accuracy/chance"] = 1 / allowed.sum(axis=1)
    return {name: spread(len(seen), part[test], of_each) for name, of_each in values.items()}


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    """Payloads float32 [n, d], identities int64 [n], and which of them may be learnt from."""

    x: Tensor
    y: Tensor
    train: Indices


def _ask(head: str, task: _Task, seed: int, settings: VerificationSettings) -> Doubles:
    """Train one head and give its scores for all pictures, float64 [n, identities]."""
    learn, stop = (
        task.train[part]
        for part in _split(task.y[task.train].numpy(), 0.75, np.random.default_rng([seed, 5]))
    )
    shape = (task.x.shape[1], int(task.y.max()) + 1)
    trial = _head(head, shape, seed, settings)
    losses = _fit(trial, _Task(task.x, task.y, learn), settings.steps, settings, stop)
    # Once the number of steps is known, the pictures that chose it are worth learning from.
    network = _head(head, shape, seed, settings)
    _fit(network, task, 1 + int(np.argmin(losses)), settings)
    with torch.no_grad():
        return np.asarray(network(task.x).numpy(), np.float64)


def _head(head: str, shape: tuple[int, int], seed: int, settings: VerificationSettings) -> nn.Module:
    d, identities = shape
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if head == "linear":
            return nn.Linear(d, identities)
        return nn.Sequential(nn.Linear(d, settings.hidden), nn.ReLU(), nn.Linear(settings.hidden, identities))


def _fit(
    network: nn.Module, task: _Task, steps: int, settings: VerificationSettings, stop: Indices | None = None
) -> list[float]:
    """Train for `steps` and give the loss on the pictures `stop` after each."""
    optimizer = torch.optim.AdamW(network.parameters(), lr=settings.rate, weight_decay=settings.decay)
    losses: list[float] = []
    for _ in range(steps):
        loss = functional.cross_entropy(network(task.x[task.train]), task.y[task.train])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        if stop is not None:
            with torch.no_grad():
                losses.append(float(functional.cross_entropy(network(task.x[stop]), task.y[stop])))
            if len(losses) - int(np.argmin(losses)) > settings.patience:
                break
    return losses


def _allowed(who: Indices, groups: Indices, identities: int) -> NDArray[np.bool_]:
    """Say which identities each picture may be answered with, bool [n, identities]: its own group's."""
    allowed = np.zeros((len(who), identities), np.bool_)
    for group in np.unique(groups):
        own = groups == group
        allowed[np.ix_(own, np.unique(who[own]))] = True
    return allowed


def _prepare(rows: Doubles, train: Indices) -> NDArray[np.float32]:
    """Centre and scale rows by the training rows; where these are long, by their main components."""
    centred = rows - rows[train].mean(axis=0)
    if rows.shape[1] > _MOST:
        axes = np.linalg.svd(centred[train], full_matrices=False)[2][:_MOST]  # [k, d]
        centred = centred @ axes.T
    scale = centred[train].std(axis=0)
    return np.asarray(centred / np.where(scale > _NOTHING, scale, 1.0), np.float32)


def _split(who: Indices, share: float, random: np.random.Generator) -> tuple[Indices, Indices]:
    """Deal `share` of each identity's pictures to the first part, at least one to each."""
    order = random.permutation(len(who))
    first = []
    for identity in np.unique(who):
        own = order[who[order] == identity]
        first.append(own[: min(max(1, round(share * len(own))), len(own) - 1)])
    chosen = np.concatenate(first)
    return chosen, np.setdiff1d(order, chosen)
