"""What the bundle answers through the wire: how often rightly, and for a label where nobody knows one."""

import numpy as np

from models.certificate import Figure
from models.quantise import Floats
from privacy_lab.attacks.victim import Victim
from privacy_lab.battery.statistics import share_right
from privacy_lab.data.dataset import UNKNOWN, Regions
from privacy_lab.identity.rank_privacy import Read
from privacy_lab.identity.ties import Indices

_AT_ONCE = 256


def reader_of(victim: Victim) -> Read | None:
    """Give the cloud's half for any number of payloads; None where it is not at hand."""
    analyze = victim.analyze
    if analyze is None:
        return None

    def read(numbers: Floats) -> Floats:
        chunks = [analyze(numbers[k : k + _AT_ONCE]) for k in range(0, len(numbers), _AT_ONCE)]
        return np.concatenate([np.zeros((0, victim.labels), np.float32), *chunks])

    return read


def accuracy_of(read: Read | None, numbers: Floats, labels: Indices) -> Figure | None:
    """Give the share of payloads answered rightly; None where nobody answers or no label is known."""
    known = labels != UNKNOWN
    if read is None or not known.any():
        return None
    right = read(numbers[known]).argmax(axis=1) == labels[known]
    return share_right(int(right.sum()), int(known.sum()))


def primary_labels(regions: Regions, numbers: Floats, read: Read | None) -> Indices:
    """Give each region's primary label, and where nobody knows it the one that the bundle answers.

    An identity whose label is unknown gets the one answered most often for it. Without the cloud's half an
    unknown label stays unknown: all such regions then count as of one label.
    """
    labels, unknown = regions.labels.copy(), regions.labels == UNKNOWN
    if read is None or not unknown.any():
        return labels
    labels[unknown] = read(numbers[unknown]).argmax(axis=1)
    for identity in np.unique(regions.identities[unknown & (regions.identities != UNKNOWN)]):
        own = unknown & (regions.identities == identity)
        labels[own] = np.bincount(labels[own]).argmax()
    return labels
