"""A battery's figures and an edge's cost become a certificate, and the page beside it."""

from importlib.metadata import version
from typing import Final

import msgspec
import numpy as np

from models.certificate import Attack, Certificate, DataCard, EdgeCost, Figure, Interval
from models.manifest import EXTRACTOR, Accuracy, Manifest
from privacy_lab.battery.reconstruction import FLOOR, strongest_answer_alone
from privacy_lab.battery.records import Battery
from privacy_lab.battery.run import Outcome
from privacy_lab.battery.statistics import share_right
from privacy_lab.certify.attack_words import attack_name
from privacy_lab.certify.facts import Curve, CurvePoint, PageFacts, Reconstructed
from privacy_lab.errors import MeasureFailed

_DIGITS: Final = 6
# As the battery leads: at the balance of the paper's test set, where the task has two answers.
_RANKINGS: Final = ("rank-privacy-79", "rank-privacy")


def build_certificate(
    manifest: Manifest, battery: Battery, edge: EdgeCost, intervals: dict[str, Interval]
) -> Certificate:
    """Put together what is known of a bundle of embeddings.

    Raises:
        MeasureFailed: The battery is of another bundle, or the bundle sends pictures.
    """
    if manifest.output is None:
        raise MeasureFailed(f"{manifest.name}: sends a censored picture; there is no extractor to certify")
    if battery.bundle != manifest.bundle_id:
        raise MeasureFailed(f"the attacks are on the bundle {battery.bundle}, not on {manifest.bundle_id}")
    figures = {name: rounded(figure) for name, figure in _headline(manifest, battery).items() if figure}
    length = manifest.output.region_bytes
    measured = {name: (figure.low, figure.high) for name, figure in figures.items()}

    def value(name: str) -> float | None:
        return figures[name].value if name in figures else None

    return Certificate(
        bundle=manifest.bundle_id,
        extractor_sha256=manifest.files[EXTRACTOR].sha256,
        made_by=_made_by(battery),
        accuracy=value("accuracy"),
        accuracy_whole=value("accuracy_whole"),
        identity_rank1=value("identity_rank1"),
        identity_rank1_chance=value("identity_rank1_chance"),
        rank_privacy=value("rank_privacy"),
        rank_privacy_ceiling=value("rank_privacy_ceiling"),
        ssim=value("ssim"),
        ssim_floor=value("ssim_floor"),
        ssim_answer_alone=value("ssim_answer_alone"),
        payload_bytes=length,
        edge=edge,
        intervals=measured | {"payload_bytes": (length, length)} | intervals,
        data=tuple(msgspec.convert(msgspec.to_builtins(card), DataCard) for card in battery.data),
        attacks=tuple(_rounded_attack(attack) for attack in battery.records),
        not_run={skipped.name: skipped.reason for skipped in battery.skipped},
    )


def page_of(manifest: Manifest, certificate: Certificate, outcome: Outcome) -> PageFacts:
    """Give what the page says about this one bundle."""
    samples, battery = outcome.samples, outcome.battery
    told = strongest_answer_alone(battery.records)
    shown = (
        (battery.strongest, "the best attack"),
        (told.name if told else None, "from the answer alone"),
        (FLOOR, "the average"),
    )
    rows = tuple(
        Reconstructed(called, samples[name], _note(battery, name))
        for name, called in shown
        if name is not None and name in samples
    )
    return PageFacts(
        name=manifest.name,
        task=manifest.task,
        labels=manifest.labels,
        region="face" if manifest.region.kind == "face" else "picture",
        terms=manifest.provenance.terms,
        certificate=certificate,
        originals=samples.get("original", np.zeros((0, *manifest.input.shape), np.uint8)),
        reconstructed=rows,
        curves=curve_of(manifest.embedding or manifest.name, battery),
    )


def curve_of(name: str, battery: Battery) -> tuple[Curve, ...]:
    """Give accuracy against rank privacy over the variance of added noise; none where it was not measured.

    Of the record that the certificate's rank privacy is from, so that one ceiling holds for both.
    """
    records = [record for name in _RANKINGS if (record := battery.record(name)) is not None]
    if not records:
        return ()
    record = records[0]
    points = []
    for share, variance in zip(_numbers(record, "noise"), _numbers(record, "variances"), strict=True):
        suffix = f"/{share:g}" if share else ""
        accuracy = record.figures.get(f"accuracy{suffix}")
        if accuracy is not None:
            privacy = record.figures[f"privacy{suffix}"]
            points.append(CurvePoint(variance, accuracy.value, privacy.value))
    return (Curve(name, tuple(points)),) if points else ()


def rounded(figure: Figure) -> Figure:
    """Give the figure with as many digits as are worth reading, still inside its interval."""
    value, low, high = (round(number, _DIGITS) for number in (figure.value, figure.low, figure.high))
    return Figure(value, min(low, value), max(high, value))


def _headline(manifest: Manifest, battery: Battery) -> dict[str, Figure | None]:
    return {
        "accuracy": battery.accuracy,
        "accuracy_whole": _pooled(manifest.accuracy_whole),
        "identity_rank1": battery.identity_rank1,
        "identity_rank1_chance": battery.identity_rank1_chance,
        "rank_privacy": battery.rank_privacy,
        "rank_privacy_ceiling": battery.rank_privacy_ceiling,
        "ssim": battery.strongest_ssim,
        "ssim_floor": battery.floor,
        "ssim_over_floor": battery.over_floor,
        "ssim_answer_alone": battery.answer_alone,
    }


def _pooled(measured: tuple[Accuracy, ...]) -> Figure | None:
    """Give the share answered rightly of all sets together, as the battery counts it."""
    n = sum(entry.n for entry in measured)
    right = sum(round(entry.accuracy * entry.n) for entry in measured)
    return share_right(right, n) if n else None


def _made_by(battery: Battery) -> str:
    libraries = ", ".join(f"{name} {version(name)}" for name in ("penumbra", "torch", "onnxruntime"))
    return f"{libraries}; attacks on {battery.device}"


def _rounded_attack(attack: Attack) -> Attack:
    return Attack(
        name=attack.name,
        kind=attack.kind,
        settings=attack.settings,
        seeds=attack.seeds,
        figures={name: rounded(figure) for name, figure in attack.figures.items()},
    )


def _note(battery: Battery, name: str) -> str:
    record = battery.record(name)
    ssim = f"SSIM {record.figures['ssim'].value:.3f}" if record else ""
    return f"{attack_name(name)}, {ssim}" if name == battery.strongest else ssim


def _numbers(record: Attack, name: str) -> list[float]:
    value = record.settings.get(name)
    return (
        [float(number) for number in value if isinstance(number, int | float)]
        if isinstance(value, list)
        else []
    )
