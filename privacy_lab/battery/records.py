"""What a battery of attacks found: figures with intervals, as they go into a certificate."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.certificate import Attack, Figure
from privacy_lab.data.dataset import Card

AttackRecord = Attack
"""One attack over all its seeds; `settings` also name the variant behind each strongest figure."""

Samples = dict[str, NDArray[np.uint8]]
"""Pictures to look at, uint8 [n, h, w, 3] each: `original`, the references and every attack's first seed."""


class Skipped(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An attack that did not run, and why; where numbers decide, the one found and the one needed."""

    name: str
    reason: str
    found: int | None = None
    needed: int | None = None


class Fairness(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the attacker had and what he attacked.

    Attributes:
        auxiliary: Regions that he learnt from.
        dropped: Regions taken from him because they were attacked as well, pixel by pixel.
        attacked: Regions whose reconstruction was scored.
        answered: Regions on which accuracy and rank privacy were measured.
        gallery: Regions of identities that the extractor never saw.
        identities: How many those are.
    """

    auxiliary: int
    dropped: int
    attacked: int
    answered: int
    gallery: int
    identities: int


class Battery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Every attack's record, and the figures that a certificate leads with.

    A figure is None where the task knows no such thing, or no attack of its kind ran.

    Attributes:
        bundle: Id of the bundle that was attacked.
        device: Where the attacks ran.
        seeds: Over which seeds.
        fairness: Sizes of both sides.
        data: Cards of the pictures.
        records: One an attack, the floors among them.
        skipped: What did not run.
        strongest: Name of the reconstruction attack of the highest SSIM.
        strongest_ssim: Its SSIM.
        over_floor: Its SSIM less the floor's, picture by picture.
        floor: SSIM of the mean auxiliary picture of the answered label.
        answer_alone: SSIM of the decoder that is told nothing but the answer; of two, the higher.
        accuracy: Share answered rightly through the wire, with Wilson's interval.
        identity_rank1: Rank-1 on the disjoint gallery within one label, by the strongest distance.
        identity_rank1_chance: What guessing reaches there.
        rank_privacy: Mean rank of the true record over their number; with two labels where 79 % of the
            records have the first, as in Osia et al.
        rank_privacy_ceiling: The same when the answer alone leaks.
    """

    bundle: str
    device: str
    seeds: tuple[int, ...]
    fairness: Fairness
    data: tuple[Card, ...]
    records: tuple[AttackRecord, ...]
    skipped: tuple[Skipped, ...] = ()
    strongest: str | None = None
    strongest_ssim: Figure | None = None
    over_floor: Figure | None = None
    floor: Figure | None = None
    answer_alone: Figure | None = None
    accuracy: Figure | None = None
    identity_rank1: Figure | None = None
    identity_rank1_chance: Figure | None = None
    rank_privacy: Figure | None = None
    rank_privacy_ceiling: Figure | None = None

    def record(self, name: str) -> AttackRecord | None:
        """Give the record of this name, if that attack ran."""
        return next((record for record in self.records if record.name == name), None)


def encode_battery(battery: Battery) -> bytes:
    """Give the battery as JSON for people and programs, the same bytes each time."""
    return msgspec.json.format(msgspec.json.encode(battery, order="deterministic"), indent=2) + b"\n"
