"""What a bundle says about itself: a frozen value, checked when it is made."""

import hashlib
import math
from typing import Annotated, Final, Literal

import msgspec

from models.documents import decode_document, encode_document

SCHEMA: Final = 1
MANIFEST: Final = "manifest.json"
EXTRACTOR: Final = "extractor.onnx"
ANALYZER: Final = "analyzer.onnx"
MIRROR: Final = "mirror.onnx"
CERTIFICATE: Final = "certificate.json"

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
Side = Annotated[int, msgspec.Meta(ge=1, le=4096)]
Count = Annotated[int, msgspec.Meta(ge=0)]
Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Digest = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
Embedding = Literal["simple", "siamese", "advanced", "ours"]
Shading = Literal["solid", "blur", "mosaic"]
FileName = Literal["extractor.onnx", "analyzer.onnx", "mirror.onnx"]
Step = Annotated[int, msgspec.Meta(ge=-127, le=127)]
Codebook = Annotated[tuple[tuple[Step, ...], ...], msgspec.Meta(max_length=4096)]

MAX_REGION_BYTES: Final = 1 << 20
ITEM_BYTES: Final = {"int8": 1, "float16": 2, "float32": 4}


class RegionSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which part of a frame the input is: the whole of it, or one window a face.

    `margin` is the fraction of a face box's width (height) that is added on its left and right (top and
    bottom). The window is then stretched to the input's size, whatever its own proportions.
    """

    kind: Literal["whole", "face"]
    margin: Annotated[float, msgspec.Meta(ge=0.0, le=4.0)] = 0.0


class InputSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The picture a network takes: RGB of `height` × `width` pixels, normalised (x/255 - mean) / std."""

    height: Side
    width: Side
    channels: Literal[3]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    def __post_init__(self) -> None:
        """Refuse a normalisation that divides by zero or is not finite."""
        if not all(map(math.isfinite, (*self.mean, *self.std))) or min(self.std) <= 0:
            raise ValueError("mean and std must be finite, and std above zero")

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of one region."""
        return (self.height, self.width, self.channels)


class OutputSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The numbers one region becomes: clipped to ±`clip`, divided by `scale`, stored as `dtype`."""

    dtype: Literal["int8", "float16", "float32"]
    shape: tuple[Side, ...]
    clip: Annotated[float, msgspec.Meta(gt=0.0, le=60000.0)]
    scale: Annotated[float, msgspec.Meta(gt=0.0, le=60000.0)]

    def __post_init__(self) -> None:
        """Refuse shapes without bound and a scale under which the clip bound does not fit the dtype."""
        if not 1 <= len(self.shape) <= 3 or self.region_bytes > MAX_REGION_BYTES:
            raise ValueError(
                f"output.shape {self.shape} is not 1 to 3 sides of at most {MAX_REGION_BYTES} bytes"
            )
        if self.dtype == "int8" and self.clip / self.scale > 127.0 + 1e-6:
            raise ValueError(f"clip {self.clip} at scale {self.scale} does not fit int8")
        if self.dtype != "int8" and self.scale != 1.0:
            raise ValueError(f"scale must be 1 for {self.dtype}")

    @property
    def numbers(self) -> int:
        """How many numbers one region becomes."""
        return math.prod(self.shape)

    @property
    def region_bytes(self) -> int:
        """Exact length of one region's payload in bytes."""
        return self.numbers * ITEM_BYTES[self.dtype]


class NoiseSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The noise under which a region's numbers leave, and what it promises.

    Attributes:
        mechanism: `laplace` as published, with a guarantee per coordinate; or one with a joint guarantee:
            `laplace-l1`, `gaussian-l2`, `response` (a word of a codebook, perhaps another than the nearest).
        bound: B of the norm that is bounded first: largest coordinate, L1, L2; none for `response`.
        epsilon_per_coordinate: For `laplace`.
        epsilon_joint: For the others: of all numbers of one region together.
        delta: For `gaussian-l2`: probability with which `epsilon_joint` may not hold.
        nullified: μ, the share of the input's entries that are set to zero before the network sees them.
        codebook: For `response`: the words, each `output.numbers` steps of int8.
    """

    mechanism: Literal["laplace", "laplace-l1", "gaussian-l2", "response"]
    bound: float | None = None
    epsilon_per_coordinate: float | None = None
    epsilon_joint: float | None = None
    delta: float | None = None
    nullified: float = 0.0
    codebook: Codebook = ()

    def __post_init__(self) -> None:
        """Refuse noise that promises nothing, or something else than its mechanism can."""
        kind = self.mechanism
        amounts = {"epsilon_per_coordinate": kind == "laplace", "epsilon_joint": kind != "laplace"}
        for name, needed in {"bound": kind != "response", **amounts, "delta": kind == "gaussian-l2"}.items():
            value = getattr(self, name)
            if not needed and value is not None:
                raise ValueError(f"noise.{name} {value!r} means nothing for {kind}: leave it out")
            if needed and not (value is not None and math.isfinite(value) and value > 0):
                raise ValueError(f"noise.{name} {value!r}: {kind} needs a finite number above zero")
        if self.delta is not None and self.delta >= 1:
            raise ValueError(f"noise.delta {self.delta!r} must be under 1: at 1 nothing is promised")
        if not 0 <= self.nullified < 1:
            raise ValueError(f"noise.nullified {self.nullified!r} must be at least 0 and under 1")
        words = len(self.codebook)
        if (kind == "response") != bool(words) or words not in (0, len(set(self.codebook))) or words == 1:
            raise ValueError(
                f"noise.codebook of {words} words: response needs 2 to 4096 distinct ones, others none"
            )

    def check_fits(self, output: OutputSpec) -> None:
        """Refuse noise that these numbers cannot carry: a bound over the clip, words of another length.

        Raises:
            ValueError: they cannot; the text says why.
        """
        if self.bound is not None and self.bound > output.clip:
            raise ValueError(f"noise.bound {self.bound:g} is over output.clip {output.clip:g}")
        if self.mechanism != "laplace" and output.dtype != "int8":
            raise ValueError(f"noise.mechanism {self.mechanism} needs output.dtype int8, not {output.dtype}")
        if self.mechanism in ("laplace-l1", "gaussian-l2") and (self.bound or 0) < output.scale:
            raise ValueError(f"noise.bound {self.bound} is under one step of the output, {output.scale:g}")
        most = math.floor(output.clip / output.scale + 1e-6)
        for word in self.codebook:
            if len(word) != output.numbers or max(map(abs, word)) > most:
                raise ValueError(f"noise.codebook: a word is not {output.numbers} steps of at most ±{most}")


class FileEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of the bundle: its SHA-256 and its size in bytes."""

    sha256: Digest
    size: Annotated[int, msgspec.Meta(ge=1, le=64 << 20)]


class DataSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A data set the bundle learnt from, where it came from, and the terms it is under."""

    name: Text
    source: Text
    terms: Text
    trained_on: Count
    held_out: Count


class Provenance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who made the bundle with which code from which data, and what that allows."""

    code: Text
    recipe: Text
    seed: int
    data: tuple[DataSource, ...]
    terms: Text


class Accuracy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Share answered rightly on `n` held-out items, through the bytes that are really sent.

    `low` and `high` bound the 95 % Wilson interval; `floor` is what the simplest method reaches on this data.
    """

    data: Text
    split: Text
    n: Annotated[int, msgspec.Meta(ge=1)]
    accuracy: Share
    low: Share
    high: Share
    floor: Share

    def __post_init__(self) -> None:
        """Refuse an interval that does not hold the value."""
        if not self.low <= self.accuracy <= self.high:
            raise ValueError(f"accuracy {self.accuracy} is outside its interval {self.low} to {self.high}")


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Learnt numbers on each side."""

    extractor: Count
    analyzer: Count


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything both halves must agree on.

    `kind` is what crosses to the cloud: an `embedding` (numbers made by extractor.onnx, described by
    `output`), or a censored `picture` (a JPEG made without a network: no extractor and no `output`).
    `accuracy_whole` is what the network was right on before it was cut, for comparison; none: not measured.
    `shading` names the styles of shading that the analyzer of pictures was made to read; none: not stated.
    `noise` is what the numbers leave under; where it is absent they leave clipped, without noise.
    """

    schema: Literal[1]
    kind: Literal["embedding", "picture"]
    name: Name
    task: Text
    labels: Annotated[tuple[Text, ...], msgspec.Meta(min_length=2, max_length=1000)]
    region: RegionSpec
    input: InputSpec
    split: str = ""
    embedding: Embedding | Literal[""] = ""
    output: OutputSpec | None = None
    shading: tuple[Shading, ...] = ()
    files: dict[FileName, FileEntry]
    parameters: Parameters
    provenance: Provenance
    accuracy: tuple[Accuracy, ...] = ()
    accuracy_whole: tuple[Accuracy, ...] = ()
    # Unset, not None: the id of a bundle without noise is what it was before there was any.
    noise: NoiseSpec | msgspec.UnsetType = msgspec.UNSET

    def __post_init__(self) -> None:
        """Refuse contradictions between the kind, the files, the output and its noise."""
        embedding = self.kind == "embedding"
        if embedding and not (self.output and self.split and self.embedding and EXTRACTOR in self.files):
            raise ValueError("an embedding bundle needs split, embedding, output and extractor.onnx")
        if embedding and self.shading:
            raise ValueError("shading is a picture bundle's")
        if not embedding and (self.output or self.split or self.embedding or EXTRACTOR in self.files):
            raise ValueError("a picture bundle has no split, embedding, output or extractor.onnx")
        if not embedding and MIRROR in self.files:
            raise ValueError("a picture bundle has no mirror.onnx: what is sent is a picture already")
        if self.noise and not self.output:
            raise ValueError("noise is an embedding bundle's: a picture has no numbers to add it to")
        if self.noise and self.output:
            self.noise.check_fits(self.output)
        if ANALYZER not in self.files:
            raise ValueError("every bundle has an analyzer.onnx")
        if len(set(self.labels)) != len(self.labels):
            raise ValueError("labels must differ")

    @property
    def bundle_id(self) -> str:
        """16 hex digits that both halves of one pair share, and no other bundle does.

        They do not cover the mirror, which answers nothing: a bundle that gets one keeps its certificate.
        """
        answering = {name: entry for name, entry in self.files.items() if name != MIRROR}
        canonical = msgspec.json.encode(msgspec.structs.replace(self, files=answering), order="deterministic")
        return hashlib.sha256(canonical).hexdigest()[:16]

    @property
    def region_bytes(self) -> int | None:
        """Exact length of one region's payload in bytes; None where a picture is sent."""
        return self.output.region_bytes if self.output else None

    def misreads(self, style: str) -> bool:
        """Say whether pictures shaded in this style are none that the analyzer was made to read."""
        return bool(self.shading) and style not in self.shading


def encode_manifest(manifest: Manifest) -> bytes:
    """Give the manifest as JSON for people and programs, the same bytes each time."""
    return encode_document(manifest)


def decode_manifest(data: bytes, where: str) -> Manifest:
    """Read a manifest from JSON; raises what `decode_document` does."""
    return decode_document(data, Manifest, SCHEMA, MANIFEST, where)
