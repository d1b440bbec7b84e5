"""What a payload answers, as an attacker can tell: by the cloud's half, or by a guess learnt himself."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from models.quantise import Floats
from privacy_lab.attacks.aside import set_aside
from privacy_lab.attacks.linear import fit_linear, standard_of
from privacy_lab.attacks.victim import Victim
from privacy_lab.data.dataset import UNKNOWN, Regions

Answers = NDArray[np.int64]
_AT_ONCE = 256


def answers_of(victim: Victim, auxiliary: Regions, seed: int) -> Callable[[Floats], Answers]:
    """Give a function from payloads, float32 [n, *shape], to the label each answers, int64 [n].

    With the cloud's half at hand it is that half's answer. Without it, it is the answer of a linear
    classifier of the auxiliary payloads; where the auxiliary regions show fewer than two labels, it is
    always 0: then the answer tells nothing.
    """
    if victim.analyze is not None:
        return _asked(victim)
    if len(np.unique(auxiliary.labels[auxiliary.labels != UNKNOWN])) < 2:
        return lambda numbers: np.zeros(len(numbers), np.int64)
    return _guessed(victim, auxiliary, seed)


def one_hot(answers: Answers, labels: int) -> Floats:
    """Give float32 [n, labels]: 1 where the answer is, 0 elsewhere."""
    return np.eye(labels, dtype=np.float32)[answers]


def _asked(victim: Victim) -> Callable[[Floats], Answers]:
    analyze = victim.analyze
    assert analyze is not None  # noqa: S101 - only called where it is there

    def ask(numbers: Floats) -> Answers:
        chunks = [analyze(numbers[k : k + _AT_ONCE]).argmax(axis=1) for k in range(0, len(numbers), _AT_ONCE)]
        return np.concatenate([np.zeros(0, np.int64), *chunks]).astype(np.int64)

    return ask


def _guessed(victim: Victim, auxiliary: Regions, seed: int) -> Callable[[Floats], Answers]:
    labelled = auxiliary.take(np.flatnonzero(auxiliary.labels != UNKNOWN))
    codes = torch.from_numpy(victim.release(labelled.images)).flatten(1)
    shown = torch.from_numpy(one_hot(labelled.labels, victim.labels))
    learn, aside = set_aside(labelled, 0.2, seed)
    standard = standard_of(codes[learn])
    linear = fit_linear(standard(codes[learn]), shown[learn], standard(codes[aside]), shown[aside])

    def guess(numbers: Floats) -> Answers:
        q = standard(torch.from_numpy(numbers).flatten(1))
        return np.asarray(linear(q.float()).argmax(dim=1).numpy(), np.int64)

    return guess
