"""Everything a battery works on, computed once: who has which pictures, and the payloads of each."""

from dataclasses import dataclass, field, replace

import numpy as np
import torch

from models.certificate import Figure
from models.quantise import Floats
from privacy_lab.attacks.victim import Victim
from privacy_lab.battery.answering import accuracy_of, primary_labels, reader_of
from privacy_lab.battery.fair import make_fair, some, strangers
from privacy_lab.battery.people import Records
from privacy_lab.battery.plan import Plan
from privacy_lab.battery.records import Fairness
from privacy_lab.battery.store import Arrays, digest_of
from privacy_lab.data.dataset import UNKNOWN, Regions
from privacy_lab.data.material import Material
from privacy_lab.identity.spaces import Space, spaces_of
from privacy_lab.identity.tally import Seen
from privacy_lab.identity.ties import Indices, flat

_FEWEST_STRANGERS = 2


@dataclass(frozen=True, slots=True)
class Target:
    """The bundle that is attacked: its id, what the attacker sees of it, and where he computes."""

    bundle: str
    victim: Victim
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """What the attacks are made on.

    Attributes:
        auxiliary: What the attacker learns from.
        attacked: Regions whose reconstruction is scored, and beside them the payloads he sees of them.
        observed: Those payloads, float32 [n, *shape].
        records: What rank privacy is measured on.
        everyone: Payloads of unseen identities, told apart from all; None where no identity is known.
        within: The same, told apart within their primary label.
        spaces: Distances fitted on auxiliary payloads of other people.
        accuracy: Share answered rightly.
        fairness: How many there are of each.
        subject: Digest of all of this.
    """

    auxiliary: Regions
    attacked: Regions
    observed: Floats
    records: Records
    everyone: Seen | None
    within: Seen | None
    spaces: tuple[Space, ...]
    accuracy: Figure | None
    fairness: Fairness
    subject: str


def survey(target: Target, material: Material, plan: Plan) -> Ground:
    """Check that nothing attacked is learnt from, and release every region once.

    Raises:
        SharedPictures: nothing is left to learn from, or to attack.
    """
    fair, dropped = make_fair(material)
    fair = replace(fair, auxiliary=fair.auxiliary.take(some(len(fair.auxiliary), plan.auxiliary)))
    victim, read = target.victim, reader_of(target.victim)
    payloads = victim.release(fair.attacked.images)
    labels = primary_labels(fair.attacked, payloads, read)
    chosen, ranked = some(len(payloads), plan.images), some(len(payloads), plan.records)
    everyone, within, spaces = _gallery(victim, fair)
    attacked = fair.attacked.take(chosen)
    return Ground(
        auxiliary=fair.auxiliary,
        attacked=attacked,
        observed=payloads[chosen],
        records=Records(payloads[ranked], labels[ranked], read),
        everyone=everyone,
        within=within,
        spaces=spaces,
        accuracy=accuracy_of(read, payloads, fair.attacked.labels),
        fairness=_fairness(fair, dropped, len(chosen)),
        subject=_subject(target, fair, payloads, labels),
    )


def _gallery(victim: Victim, fair: Material) -> tuple[Seen | None, Seen | None, tuple[Space, ...]]:
    if fair.gallery is None:
        return None, None, ()
    numbers, others = victim.release(fair.gallery.images), strangers(fair.auxiliary, fair.gallery)
    labels = primary_labels(fair.gallery, numbers, reader_of(victim))
    rows, identities = flat(numbers), fair.gallery.identities
    spaces: tuple[Space, ...] = ()
    if len(others) >= _FEWEST_STRANGERS:
        spaces = spaces_of(flat(victim.release(others.images)), others.identities)
    return Seen(rows, identities, np.zeros_like(labels)), Seen(rows, identities, labels), spaces


def _fairness(fair: Material, dropped: int, scored: int) -> Fairness:
    identities = fair.gallery.identities if fair.gallery is not None else np.zeros(0, np.int64)
    return Fairness(
        auxiliary=len(fair.auxiliary),
        dropped=dropped,
        attacked=scored,
        answered=len(fair.attacked),
        gallery=len(identities),
        identities=len(np.unique(identities[identities != UNKNOWN])),
    )


def _subject(target: Target, fair: Material, payloads: Floats, labels: Indices) -> str:
    arrays: Arrays = {"payloads": payloads, "answered labels": labels}
    sides = {"auxiliary": fair.auxiliary, "attacked": fair.attacked, "gallery": fair.gallery}
    for name, regions in sides.items():
        if regions is not None:
            arrays[f"{name} images"] = regions.images
            arrays[f"{name} labels"] = regions.labels
            arrays[f"{name} identities"] = regions.identities
    # Halves that an attacker may or may not hold decide what he can do.
    held = [getattr(target.victim, half) is not None for half in ("front", "back", "analyze")]
    return digest_of(arrays, target.bundle, held)
