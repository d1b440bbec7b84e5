"""Payloads that leak what a test plants in them: six people, three of each label."""

import numpy as np

from privacy_lab.identity.spaces import Space, spaces_of
from privacy_lab.identity.tally import Seen
from privacy_lab.identity.ties import Doubles, Indices

EACH = 24
PEOPLE = 6


def identities(each: int = EACH, people: int = PEOPLE) -> Indices:
    return np.repeat(np.arange(people), each).astype(np.int64)


def labels(who: Indices) -> Indices:
    """People of even number have label 0, the others 1."""
    return (who % 2).astype(np.int64)


def one_hot(who: Indices, columns: int = PEOPLE) -> Doubles:
    return np.eye(columns)[who]


def seen(rows: Doubles, *, within: bool = False, who: Indices | None = None) -> Seen:
    whose = identities() if who is None else who
    return Seen(rows, whose, labels(whose) if within else np.zeros_like(whose))


def spaces(rows: Doubles) -> tuple[Space, ...]:
    """Spaces of an attacker who knows other people, with payloads of the same kind."""
    random = np.random.default_rng(5)
    return spaces_of(random.normal(0, 1, (60, rows.shape[1])), np.repeat(np.arange(100, 106), 10))
