"""What attackers got out of a bundle: figures with their intervals, and how each was found; a frozen value.

The certificate names the bundle and the extractor that were attacked, so it stands beside the files that the
manifest lists and not among them: it can only be written once the bundle is complete.
"""

import math
from typing import Annotated, Final, Literal

import msgspec

from models.documents import decode_document, encode_document
from models.errors import DamagedBundle
from models.manifest import CERTIFICATE, EXTRACTOR, Count, Digest, Manifest, Share, Text

SCHEMA: Final = 1

Similarity = Annotated[float, msgspec.Meta(ge=-1.0, le=1.0)]
Amount = Annotated[float, msgspec.Meta(ge=0.0, le=1e9)]
Short = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
BundleId = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{16}$")]
Setting = str | int | float | bool | None
Interval = tuple[float, float]

SHARES: Final = (
    "accuracy",
    "accuracy_whole",
    "identity_rank1",
    "identity_rank1_chance",
    "rank_privacy",
    "rank_privacy_ceiling",
    "ssim",
    "ssim_floor",
    "ssim_over_floor",
    "ssim_answer_alone",
)
"""A certificate's shares and similarities."""
_MEASURED: Final = (*SHARES, "payload_bytes")
_COSTS: Final = (
    "load_seconds",
    "resident_mib",
    "milliseconds_a_region",
    "process_load_seconds",
    "process_resident_mib",
)


class DeviceCost(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What one network costs on the device.

    The first two are the network's own: beyond a process that has loaded the runtime and run a trivial
    network. The `process_` figures are of a fresh process: importing the runtime, loading, the first answer.

    Attributes:
        load_seconds: From the file's bytes to the first answer, the runtime being there already.
        resident_mib: Memory that the network adds to that process, having answered.
        milliseconds_a_region: One region through the network, alone.
        process_load_seconds: From an empty interpreter to the first answer.
        process_resident_mib: All the memory of that process, having answered.
    """

    load_seconds: Amount
    resident_mib: Amount
    milliseconds_a_region: Amount
    process_load_seconds: Amount
    process_resident_mib: Amount


class EdgeCost(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The extractor beside what an edge would hold without the cloud.

    Attributes:
        extractor: The edge's half, in the run time's own session.
        whole: Extractor and analyzer in one network, in the same session.
        whole_torch: That network in torch, as a provider without this run time would place it.
    """

    extractor: DeviceCost
    whole: DeviceCost
    whole_torch: DeviceCost | None = None


class DataCard(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The pictures that were attacked or learnt from, in a few facts."""

    name: Text
    source: Text
    terms: Text
    pictures: Count
    classes: dict[str, int]
    identities: Count
    smallest: tuple[int, int]
    largest: tuple[int, int]
    sha256: Digest
    skipped: tuple[str, ...] = ()


class Figure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A measured number with its 95 % interval."""

    value: float
    low: float
    high: float


class Attack(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One attack: how it was set, over which seeds, and what it reached."""

    name: Short
    kind: Literal["reconstruction", "identity"]
    settings: dict[str, Setting | list[Setting]]
    seeds: tuple[int, ...]
    figures: dict[str, Figure]


class Certificate(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a bundle gives away, under the strongest attack of the battery.

    A figure is null where the task knows no such thing (identities), or where nobody measured it.

    Attributes:
        bundle: The bundle's id.
        extractor_sha256: The hash of the extractor that was attacked.
        made_by: Program and libraries that measured.
        accuracy: Share answered rightly through the bytes that are sent.
        accuracy_whole: The same of the whole network that the bundle was made of.
        identity_rank1: Share of people found first in an identity-disjoint gallery of their own label.
        identity_rank1_chance: What guessing reaches in that gallery.
        rank_privacy: Mean rank of the true record, as a share of the gallery (Osia et al.); with two labels
            where 79 % of the records have the first, as in the paper.
        rank_privacy_ceiling: The most that can be had while the task's answer itself is known.
        ssim: Structural similarity of the strongest reconstruction to its original.
        ssim_floor: That of guessing the mean picture of the answered label.
        ssim_answer_alone: That of an attacker who is given nothing but the answer.
        payload_bytes: What crosses to the cloud a region.
        edge: What the edge's half costs on a device.
        intervals: 95 % interval of each figure and of `ssim_over_floor`, compared picture by picture; those
            of the edge as `edge.extractor.load_seconds`.
        data: Cards of the pictures.
        attacks: Every attack of the battery.
        not_run: Attacks that could not be made, and why.
    """

    schema: Literal[1] = SCHEMA
    bundle: BundleId
    extractor_sha256: Digest
    made_by: Text
    accuracy: Share | None = None
    accuracy_whole: Share | None = None
    identity_rank1: Share | None = None
    identity_rank1_chance: Share | None = None
    rank_privacy: Share | None = None
    rank_privacy_ceiling: Share | None = None
    ssim: Similarity | None = None
    ssim_floor: Similarity | None = None
    ssim_answer_alone: Similarity | None = None
    payload_bytes: Annotated[int, msgspec.Meta(ge=1)]
    edge: EdgeCost
    intervals: dict[str, Interval]
    data: tuple[DataCard, ...]
    attacks: tuple[Attack, ...]
    not_run: dict[Short, Text] = {}

    def __post_init__(self) -> None:
        """Refuse a figure without an interval, outside it, or not finite."""
        for name, value in figures_of(self).items():
            low, high = self.intervals.get(name, (math.nan, math.nan))
            if not low <= value <= high or math.isinf(low) or math.isinf(high):
                raise ValueError(f"{name} {value} has no interval that holds it")

    @property
    def ssim_over_floor(self) -> float | None:
        """How much better than guessing the mean picture the strongest reconstruction is; null if unknown."""
        if self.ssim is None or self.ssim_floor is None:
            return None
        # Of figures given to a few digits the difference has no more: 0.32 - 0.30 is 0.02, not above it.
        return round(self.ssim - self.ssim_floor, 6)


def figures_of(certificate: Certificate) -> dict[str, float]:
    """Give every figure that is known under the name of its interval."""
    known = {name: getattr(certificate, name) for name in _MEASURED}
    measured = {name: float(value) for name, value in known.items() if value is not None}
    return measured | edge_figures(certificate.edge)


def edge_figures(edge: EdgeCost) -> dict[str, float]:
    """Give each figure of the edge's cost as `edge.SIDE.FIGURE`."""
    sides = {"extractor": edge.extractor, "whole": edge.whole, "whole_torch": edge.whole_torch}
    return {
        f"edge.{side}.{name}": float(getattr(cost, name))
        for side, cost in sides.items()
        if cost is not None
        for name in _COSTS
    }


def encode_certificate(certificate: Certificate) -> bytes:
    """Give the certificate as JSON for people and programs, the same bytes each time."""
    return encode_document(certificate)


def decode_certificate(data: bytes, where: str) -> Certificate:
    """Read a certificate from JSON; raises what `decode_document` does."""
    return decode_document(data, Certificate, SCHEMA, CERTIFICATE, where)


def check_certificate(certificate: Certificate, manifest: Manifest, where: str) -> None:
    """Refuse a certificate that is not of this bundle.

    Raises:
        DamagedBundle: it names another bundle or another extractor, or the bundle has none.
    """
    entry = manifest.files.get(EXTRACTOR)
    if entry is None:
        raise DamagedBundle(f"{where}: {CERTIFICATE} is there, but a bundle of pictures has no extractor")
    if certificate.bundle != manifest.bundle_id:
        raise DamagedBundle(
            f"{where}: {CERTIFICATE} is of the bundle {certificate.bundle}, not of {manifest.bundle_id}"
        )
    if certificate.extractor_sha256 != entry.sha256:
        raise DamagedBundle(f"{where}: {CERTIFICATE} is of another {EXTRACTOR}, as its SHA-256 says")
