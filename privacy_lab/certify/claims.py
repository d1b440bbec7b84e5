"""Do a certificate's claims hold on other pictures? Claim by claim, within the intervals of both sides.

A claim fails where what was measured here is worse than claimed beyond doubt: the better end of its 95 %
interval is worse than the worse end of the certificate's. What does not compare from one set of people to
another is put in relation first: recognition to guessing, rank privacy to the most that can be had.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from models.certificate import Certificate, DeviceCost, Figure
from privacy_lab.battery.records import Battery
from privacy_lab.certify.edge_cost import Costs
from privacy_lab.data.dataset import UNKNOWN, Regions

FEWEST_LEARNT: Final = 50
"""An attacker who learns from fewer pictures proves nothing by failing."""
FEWEST_ATTACKED: Final = 20
_MEMORY_SLACK: Final = 1.25
"""Another system's C library and page size."""
_SPEED_SLACK: Final = 3.0
"""Another processor."""
_NO_CLOUD_HALF: Final = "answers are made by the cloud's half, which is not used here"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one claim.

    Attributes:
        claim: What is claimed about.
        claimed: The certificate's figure.
        here: What was measured here; empty where nothing was.
        holds: Whether the claim holds; None where that could not be checked.
        remark: Why not checked, or what was compared.
    """

    claim: str
    claimed: str
    here: str
    holds: bool | None
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """What was measured here.

    Attributes:
        battery: What the attacks found; None where they could not run.
        why_not: Why they could not.
        labels_known: Whether the primary label of every picture of the gallery is known.
        payload_bytes: Each length that a payload had.
        costs: What the extractor costs on this machine.
    """

    battery: Battery | None
    why_not: str
    labels_known: bool
    payload_bytes: frozenset[int]
    costs: Costs


def check_claims(certificate: Certificate, checked: Checked) -> tuple[Verdict, ...]:
    """Judge every claim, in the order in which a certificate makes them."""
    return (
        Verdict("accuracy", _share(certificate.accuracy), "", None, _NO_CLOUD_HALF),
        _ssim(certificate, checked),
        _identity(certificate, checked),
        _rank_privacy(certificate, checked),
        _payload(certificate, checked),
        *_costs(certificate.edge.extractor, certificate, checked.costs),
    )


def labels_known(regions: Regions | None) -> bool:
    """Say whether the label of every region is known."""
    return regions is not None and bool(np.all(regions.labels != UNKNOWN))


def _ssim(certificate: Certificate, checked: Checked) -> Verdict:
    claim = "reconstruction, SSIM over the floor"
    claimed = _figure(certificate, "ssim_over_floor")
    battery = checked.battery
    here = battery.over_floor if battery else None
    if claimed is None or battery is None or here is None:
        return _unchecked(claim, claimed, checked.why_not or "no reconstruction attack could run")
    few = _too_few(battery)
    if few:
        return _unchecked(claim, claimed, few)
    remark = f"strongest: {battery.strongest}, on {battery.fairness.attacked} pictures"
    return Verdict(claim, _told(claimed), _told(here), here.low <= claimed.high, remark)


def _identity(certificate: Certificate, checked: Checked) -> Verdict:
    claim = "people found first, against guessing"
    claimed = _over(_figure(certificate, "identity_rank1"), certificate.identity_rank1_chance)
    battery = checked.battery
    here = _over(battery.identity_rank1, _value(battery.identity_rank1_chance)) if battery else None
    why = checked.why_not or _why_skipped(battery, "retrieval-within-label") or _unlabelled(checked)
    if claimed is None or here is None or why:
        return _unchecked(claim, claimed, why or "no identity of any picture is known", "×")
    holds = here.low <= claimed.high
    return Verdict(claim, _told(claimed, "×"), _told(here, "×"), holds, _people(battery))


def _rank_privacy(certificate: Certificate, checked: Checked) -> Verdict:
    claim = "rank privacy, of the most there can be"
    claimed = _over(_figure(certificate, "rank_privacy"), certificate.rank_privacy_ceiling)
    battery = checked.battery
    here = _over(battery.rank_privacy, _value(battery.rank_privacy_ceiling)) if battery else None
    why = checked.why_not or _unlabelled(checked) or (_too_few(battery) if battery else "")
    if claimed is None or here is None or why:
        return _unchecked(claim, claimed, why or "it was not measured")
    return Verdict(claim, _told(claimed), _told(here), here.high >= claimed.low)


def _payload(certificate: Certificate, checked: Checked) -> Verdict:
    lengths = ", ".join(str(length) for length in sorted(checked.payload_bytes))
    holds = checked.payload_bytes == {certificate.payload_bytes}
    return Verdict("bytes a region", str(certificate.payload_bytes), lengths, holds, "of every picture")


def _costs(claimed: DeviceCost, certificate: Certificate, here: Costs) -> tuple[Verdict, ...]:
    def judge(claim: str, name: str, slack: float, scale: float, unit: str) -> Verdict:
        low, high = certificate.intervals[f"edge.extractor.{name}"]
        found = here[name]
        return Verdict(
            claim,
            _told(_scaled(Figure(getattr(claimed, name), low, high), scale), unit),
            _told(_scaled(found, scale), unit),
            found.low <= slack * high,
            f"up to {slack:g} times the claim holds: machines differ",
        )

    return (
        judge("edge memory of its own", "resident_mib", _MEMORY_SLACK, 1, " MiB"),
        judge("edge loading", "load_seconds", _SPEED_SLACK, 1000, " ms"),
        judge("edge time a region", "milliseconds_a_region", _SPEED_SLACK, 1, " ms"),
    )


def _too_few(battery: Battery) -> str:
    learnt, attacked = battery.fairness.auxiliary, battery.fairness.attacked
    if learnt >= FEWEST_LEARNT and attacked >= FEWEST_ATTACKED:
        return ""
    return (
        f"too few pictures: {learnt} to learn from and {attacked} to attack, "
        f"{FEWEST_LEARNT} and {FEWEST_ATTACKED} at least are needed"
    )


def _unlabelled(checked: Checked) -> str:
    if checked.labels_known:
        return ""
    return "the task's answer to each picture is unknown: put the pictures in LABEL/PERSON/ folders"


def _why_skipped(battery: Battery | None, attack: str) -> str:
    skipped = battery.skipped if battery else ()
    return next((entry.reason for entry in skipped if entry.name == attack), "")


def _people(battery: Battery | None) -> str:
    return f"{battery.fairness.identities} people" if battery else ""


def _unchecked(claim: str, claimed: Figure | None, why: str, unit: str = "") -> Verdict:
    if claimed is None:
        return Verdict(claim, "", "", None, "the certificate makes no claim about it")
    return Verdict(claim, _told(claimed, unit), "", None, why)


def _figure(certificate: Certificate, name: str) -> Figure | None:
    value = getattr(certificate, name)
    return None if value is None else Figure(value, *certificate.intervals[name])


def _value(figure: Figure | None) -> float | None:
    return figure.value if figure else None


def _over(figure: Figure | None, unit: float | None) -> Figure | None:
    return _scaled(figure, 1 / unit) if figure and unit else None


def _scaled(figure: Figure, scale: float) -> Figure:
    return Figure(scale * figure.value, scale * figure.low, scale * figure.high)


def _share(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.1f} %"


def _told(figure: Figure, unit: str = "") -> str:
    return f"{figure.value:.3g}{unit} ({figure.low:.3g} to {figure.high:.3g})"
