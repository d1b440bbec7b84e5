"""What a study of one task found: each embedding's figures, a line for each split layer, and the curves."""

from pathlib import Path
from typing import Final

import msgspec

from models.certificate import EdgeCost, Figure
from models.manifest import Accuracy
from privacy_lab.battery.records import Battery
from privacy_lab.errors import BadData
from privacy_lab.recipe import DefenceWeights
from privacy_lab.study.payloads import Payloads

SCHEMA: Final = 1


class Burden(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the edge's half of a network is of the whole: each figure, and the whole's beside it."""

    parameters: int
    parameters_whole: int
    multiply_adds: int
    multiply_adds_whole: int


class NoisePoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What noise of one variance in front of the cloud's half costs and hides."""

    variance: float
    accuracy: float
    rank_privacy: float
    rank1: float


class EmbeddingResult(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One embedding, attacked.

    Attributes:
        embedding: Which of the four.
        numbers: How many numbers leave a region.
        payload_bytes: In how many bytes.
        payloads: How many different ones the held-out regions became.
        accuracy: On each set's held-out part, through the bytes that are sent.
        battery: Every attack.
        edge: The cost on a device.
        burden: Parameters and multiply-adds at the edge.
        noise: Curve over the variance of noise added to what leaves; empty where no identity is known.
    """

    embedding: str
    numbers: int
    payload_bytes: int
    payloads: Payloads
    accuracy: tuple[Accuracy, ...]
    battery: Battery
    edge: EdgeCost
    burden: Burden
    noise: tuple[NoisePoint, ...] = ()


class LayerResult(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The simple embedding behind one layer; figures as in a battery, by the decoder alone."""

    layer: str
    numbers: int
    payload_bytes: int
    accuracy: Figure
    ssim: Figure
    ssim_over_floor: Figure
    identity_rank1: Figure | None
    rank_privacy: Figure | None
    milliseconds_a_region: float
    burden: Burden


class SweepPoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The advanced embedding with k numbers."""

    k: int
    accuracy: float


class DefenceResult(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Our code learnt under one defence: how often it is answered rightly, and what it tells of people."""

    defence: str
    weights: DefenceWeights
    accuracy: Figure | None
    payloads: Payloads
    identity_rank1: Figure | None
    identity_rank1_chance: Figure | None
    recogniser: Figure | None
    rank_privacy: Figure | None
    rank_privacy_ceiling: Figure | None


class TaskResult(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything that the study of one task found."""

    task: str
    question: str
    labels: tuple[str, ...]
    split: str
    command: str
    machine: str
    accuracy_whole: tuple[Accuracy, ...]
    embeddings: tuple[EmbeddingResult, ...]
    layers: tuple[LayerResult, ...]
    sweep: tuple[SweepPoint, ...]
    defences: tuple[DefenceResult, ...] = ()


class Results(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every task that was studied, by name."""

    schema: int = SCHEMA
    tasks: dict[str, TaskResult] = {}


def read_results(path: Path) -> Results:
    """Read what earlier studies wrote; nothing yet is no error.

    Raises:
        BadData: the file is there, but not of this form.
    """
    if not path.is_file():
        return Results()
    try:
        return msgspec.json.decode(path.read_bytes(), type=Results)
    except (OSError, msgspec.DecodeError) as error:
        raise BadData(f"{path}: is not a study's results ({error}). Move it away, and study again") from error


def write_results(path: Path, results: Results) -> None:
    """Write all tasks as JSON for people and programs, the same bytes each time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = msgspec.json.format(msgspec.json.encode(results, order="deterministic"), indent=2) + b"\n"
    unfinished = path.with_suffix(".part")
    unfinished.write_bytes(text)
    unfinished.replace(path)
