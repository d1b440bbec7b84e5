"""No attacker learns from a picture that he attacks: the material is checked for that, pixel by pixel."""

import hashlib
from dataclasses import replace

import numpy as np

from privacy_lab.data.dataset import UNKNOWN, Regions
from privacy_lab.data.material import Material
from privacy_lab.errors import SharedPictures
from privacy_lab.identity.ties import Indices

Hashes = list[bytes]


def make_fair(material: Material) -> tuple[Material, int]:
    """Take from the attacker what he is to attack, and attack no picture twice; also give how many he lost.

    Raises:
        SharedPictures: fewer than two regions are left to learn from, or none is there to attack.
    """
    attacked, own = _once(material.attacked), material.auxiliary
    auxiliary = _without(own, attacked)
    dropped = len(own) - len(auxiliary)
    if len(auxiliary) < 2 or not len(attacked):
        raise SharedPictures(
            f"{len(auxiliary)} pictures to learn from and {len(attacked)} others to attack; an attack needs "
            f"2 and 1 at least. {dropped} were the same on both sides. Add other pictures."
        )
    gallery = _once(material.gallery) if material.gallery is not None else None
    return replace(material, auxiliary=auxiliary, attacked=attacked, gallery=gallery), dropped


def strangers(auxiliary: Regions, gallery: Regions) -> Regions:
    """Give those of the attacker's regions that show nobody of the gallery and are none of its pictures.

    A client's own pictures are all of people whom the extractor never saw, so that its gallery may hold
    people of the attacker's half too: of them he may not know more than the gallery tells.
    """
    known = auxiliary.identities != UNKNOWN
    same = known & np.isin(auxiliary.identities, gallery.identities)
    return _without(auxiliary.take(np.flatnonzero(~same)), gallery)


def hashes_of(regions: Regions) -> Hashes:
    """Give a hash of each region's pixels."""
    return [hashlib.sha256(np.ascontiguousarray(image).tobytes()).digest() for image in regions.images]


def some(n: int, most: int) -> Indices:
    """Give at most `most` of n indices, in order: the same ones each time, drawn by lot."""
    order = np.random.default_rng(0).permutation(n)[:most]
    return np.sort(order).astype(np.int64)


def _once(regions: Regions) -> Regions:
    hashes = hashes_of(regions)
    firsts: dict[bytes, int] = {}
    for k, digest in enumerate(hashes):
        firsts.setdefault(digest, k)
    return regions.take(np.array(sorted(firsts.values()), np.int64))


def _without(regions: Regions, others: Regions) -> Regions:
    forbidden = set(hashes_of(others))
    kept = [k for k, digest in enumerate(hashes_of(regions)) if digest not in forbidden]
    return regions.take(np.array(kept, np.int64))
