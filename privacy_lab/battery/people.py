"""The identity attacks of a battery: each with every seed, and the strongest variant of each figure."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Final

import numpy as np

from models.certificate import Figure
from models.quantise import Floats
from privacy_lab.battery.records import AttackRecord
from privacy_lab.battery.statistics import SHARES, exact, figure_of_tallies, share_right
from privacy_lab.battery.store import Arrays
from privacy_lab.identity.log_rank import LogRankSettings, log_rank
from privacy_lab.identity.rank_privacy import Read, ceiling, curve, with_balance
from privacy_lab.identity.retrieval import RetrievalSettings, retrieve
from privacy_lab.identity.spaces import Space
from privacy_lab.identity.tally import Seen, Tallies, Tally, spread
from privacy_lab.identity.ties import Indices, flat
from privacy_lab.identity.verification import VerificationSettings, verify

IDENTITY: Final = (
    "retrieval-within-label",
    "verification-within-label",
    "retrieval-all",
    "verification-all",
    "log-rank",
    "rank-privacy",
    "rank-privacy-79",
)
"""Every identity attack by name; the last for tasks of two labels alone."""

_LOGARITHM: Final = "log_rank"
_REFERENCES: Final = ("chance", "majority", "ceiling")
_PARTS: Final = ("values", "weights")
_PAPER: Final = 0.79
_NOISE: Final = (0.0, 0.01, 0.1, 0.5, 1.0, 4.0, 9.0)


@dataclass(frozen=True, slots=True)
class IdentityAttack:
    """One identity attack.

    Attributes:
        name: What it is called in records.
        settings: How it is set.
        run: What it finds with a seed, by FIGURE/VARIANT or FIGURE.
        variants: Whether variants of a figure are tries of one attacker, of which the strongest counts.
    """

    name: str
    settings: dict[str, Any]
    run: Callable[[int], Tallies]
    variants: bool = True


def gallery_attacks(everyone: Seen, within: Seen, spaces: tuple[Space, ...]) -> tuple[IdentityAttack, ...]:
    """Give the attacks on a gallery of unseen identities: counted within one label, and over all."""
    retrieval, verification, log = RetrievalSettings(), VerificationSettings(), LogRankSettings()
    attacks = []
    for scope, seen in (("within-label", within), ("all", everyone)):
        look = partial(retrieve, seen, spaces, settings=retrieval)
        learn = partial(verify, seen, settings=verification)
        attacks.append(IdentityAttack(f"retrieval-{scope}", asdict(retrieval), look))
        attacks.append(IdentityAttack(f"verification-{scope}", asdict(verification), learn))
    density = partial(log_rank, everyone, settings=log)
    return (*attacks, IdentityAttack("log-rank", asdict(log), density, variants=False))


@dataclass(frozen=True, slots=True, eq=False)
class Records:
    """What rank privacy is measured on.

    Attributes:
        z: Payload numbers of N regions as the cloud decodes them, float32 [N, ...].
        labels: Their primary labels, int64 [N]: those known, else those answered.
        read: The cloud's half, where it is at hand.
    """

    z: Floats
    labels: Indices
    read: Read | None = None

    def take(self, chosen: Indices) -> "Records":
        """Give the chosen records."""
        return Records(self.z[chosen], self.labels[chosen], self.read)


def rank_attacks(records: Records, labels: int) -> tuple[IdentityAttack, ...]:
    """Give rank privacy of the payloads as sent and under added noise.

    With two labels also where 79 % have the first: the balance of Osia's test set, which alone decides the
    ceiling.
    """
    attacks = [_rank_attack("rank-privacy", records)]
    if labels == 2 and len(np.unique(records.labels)) == 2:
        attacks.append(_rank_attack("rank-privacy-79", records.take(with_balance(records.labels, _PAPER))))
    return tuple(attacks)


def _rank_attack(name: str, records: Records) -> IdentityAttack:
    # Noise in units of the payload's own variance: only so do curves of several bundles compare.
    spread_of_one = float(flat(records.z).var(axis=0).mean())
    variances = [round(share * spread_of_one, 6) for share in _NOISE]
    settings = {"records": len(records.z), "noise": list(_NOISE), "variances": variances}

    def run(seed: int) -> Tallies:
        N, found = len(records.z), {}
        everything = np.arange(N)
        points = curve(records.z, variances, seed, labels=records.labels, read=records.read)
        for share, point in zip(_NOISE, points, strict=True):
            values = {"privacy": point.ranks.relative, "rank1": point.ranks.first, "accuracy": point.right}
            for figure, of_each in values.items():
                if of_each is not None:
                    found[f"{figure}/{share:g}" if share else figure] = spread(N, everything, of_each)
        return found | {"ceiling": spread(N, everything, np.full(N, ceiling(records.labels)))}

    return IdentityAttack(name, settings, run, variants=False)


def identity_record(attack: IdentityAttack, seeds: Sequence[int], found: Sequence[Tallies]) -> AttackRecord:
    """Give the figures of one attack over its seeds, the strongest of each under its bare name."""
    figures = {name: _figure(name, [tallies[name] for tallies in found]) for name in found[0]}
    settings = dict(attack.settings)
    if attack.variants:
        for figure in sorted({name.split("/")[0] for name in figures}):
            best, chosen = _strongest(figure, figures)
            figures[figure] = chosen
            settings[f"strongest_{figure}"] = best
    return AttackRecord(
        name=attack.name, kind="identity", settings=settings, seeds=tuple(seeds), figures=figures
    )


def _figure(name: str, tallies: list[Tally]) -> Figure:
    bare, _, variant = name.partition("/")
    asked = np.concatenate([tally.values[tally.weights > 0] for tally in tallies])
    if variant in _REFERENCES and (asked == asked[0]).all():
        return exact(float(asked[0]))
    if bare == _LOGARITHM:
        return figure_of_tallies(tallies, (0.0, np.inf))
    if (asked == 0).all() or (asked == 1).all():
        # Resampling what is all alike would promise certainty.
        n = int(np.any([tally.weights > 0 for tally in tallies], axis=0).sum())
        return share_right(n if asked[0] else 0, n)
    return figure_of_tallies(tallies, SHARES)


def _strongest(figure: str, figures: dict[str, Figure]) -> tuple[str, Figure]:
    tries = {
        name.removeprefix(f"{figure}/"): found
        for name, found in figures.items()
        if name.split("/")[0] == figure and name.split("/")[-1] not in _REFERENCES
    }
    best = max(tries, key=lambda name: tries[name].value)
    return best, tries[best]


def to_arrays(tallies: Tallies) -> Arrays:
    """Give tallies as arrays to be kept."""
    return {f"{name}|{part}": getattr(tally, part) for name, tally in tallies.items() for part in _PARTS}


def from_arrays(arrays: Arrays) -> Tallies:
    """Give back what `to_arrays` made arrays of."""
    names = dict.fromkeys(name.rpartition("|")[0] for name in arrays)
    return {name: Tally(*(arrays[f"{name}|{part}"] for part in _PARTS)) for name in names}
