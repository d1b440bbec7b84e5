"""What the house saw and what the cloud could make of it: two pictures of a frame, from what really left."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple, final

import numpy as np

from broker.features import Features, decode_features
from feature_node.box import PixelBox
from feature_node.live.similarity import similarity
from feature_node.picture import decode, encode, resize, to_rgb
from models.errors import BundleError
from models.manifest import Manifest, OutputSpec, RegionSpec
from models.mirror import MAX_AT_ONCE, Mirror, load_mirror
from models.pictures import Picture, cut, face_window
from models.quantise import dequantise
from models.reading import load_manifest
from monitoring.live.view import MAX_NUMBERS, RegionView

MOST_SIDE: Final = 1280
"""Larger pictures are shown smaller: a phone has no more pixels, and each of them is sent again and again."""
QUALITY: Final = 85
BACKGROUND: Final = 128
NOTHING_LOADED: Final = "the bundle has not been read yet"


class Left(NamedTuple):
    """A frame of which something left.

    Attributes:
        run: As in the frame, as is `sequence`.
        sequence: As in the frame.
        jpeg: The picture, of `size` (width, height).
        size: See `jpeg`.
        wire: What was sealed: the features' message as it crosses.
        boxes: Where its regions are, in pixels of the picture.
    """

    run: int
    sequence: int
    jpeg: bytes
    size: tuple[int, int]
    wire: bytes
    boxes: tuple[PixelBox, ...]


class Reflection(NamedTuple):
    """Both pictures of a frame, and what left of it.

    Attributes:
        run: As in the frame, as is `sequence`.
        sequence: As in the frame.
        house: The picture as a JPEG.
        cloud: What the cloud could make of it, of the same size; None where nothing can show it.
        why: Where there is none: why, in words for a person.
        regions: What left of each region; labels are not known yet.
        picture: Whether a picture left, and no numbers.
        ssim: How alike both are over the regions; None where there is none.
        floor: How alike a picture that is the same for everybody is; None where there is none.
    """

    run: int
    sequence: int
    house: bytes
    cloud: bytes | None
    why: str
    regions: tuple[RegionView, ...]
    picture: bool
    ssim: float | None = None
    floor: float | None = None


class _Drawn(NamedTuple):
    """What the mirror shows of a frame; see `Reflection`."""

    cloud: bytes | None = None
    ssim: float | None = None
    floor: float | None = None


@final
class Reflector:
    """Makes reflections, in a thread of its own; the bundle is read for the first one."""

    def __init__(self, bundle: Path | None, *, faces: bool) -> None:
        """Take the bundle whose numbers leave, None where pictures do; its regions are `faces` or frames."""
        self._bundle = bundle
        self._faces = faces
        self._manifest: Manifest | None = None
        self._mirror: Mirror | None = None
        self._why = NOTHING_LOADED

    def reflect(self, left: Left) -> Reflection:
        """Give both pictures of a frame.

        Raises:
            BundleError, EdgeError, BadMessage: Something of it cannot be read or drawn.
        """
        features = decode_features(left.wire)
        if features.kind == "picture":
            shaded = _shrunk(features.regions[0], left.size)
            house = _shrunk(left.jpeg, left.size)
            return Reflection(left.run, left.sequence, house, shaded, "", _whole(), True)
        manifest = self._read()
        regions = _regions(features, left, manifest.output) if manifest and manifest.output else ()
        drawn, why = _Drawn(), self._why
        if manifest is not None and self._mirror is not None:
            try:
                drawn = self._draw(self._mirror, manifest, features.regions, left)
            except BundleError as error:
                why = f"this frame cannot be drawn: {error}"
        house = _shrunk(left.jpeg, left.size)
        return Reflection(
            left.run, left.sequence, house, drawn.cloud, why, regions, False, drawn.ssim, drawn.floor
        )

    def _read(self) -> Manifest | None:
        if self._manifest is None and self._bundle is not None:
            self._manifest = load_manifest(self._bundle)
            try:
                self._mirror, self._why = load_mirror(self._bundle), ""
            except BundleError as error:
                self._why = str(error)
        return self._manifest

    def _draw(self, mirror: Mirror, manifest: Manifest, payloads: Sequence[bytes], left: Left) -> _Drawn:
        region = RegionSpec("face" if self._faces else "whole", manifest.region.margin)
        drawn = mirror.pictures(payloads[:MAX_AT_ONCE])
        seen = to_rgb(decode(left.jpeg, *left.size))
        canvas = np.full_like(seen, BACKGROUND)
        everybody = mirror.everybody()
        alike: list[tuple[float, float]] = []
        for picture, box in zip(drawn, left.boxes, strict=False):
            _paste(canvas, picture, face_window(box, region.margin) if self._faces else box)
            shown = cut(seen, box, region, manifest.input)
            scores = similarity(picture, shown), similarity(everybody, shown)
            if scores[0] is not None and scores[1] is not None:
                alike.append((scores[0], scores[1]))
        whole = encode(_fitted(to_rgb(canvas)), QUALITY)
        if not alike:
            return _Drawn(whole)
        ssim, floor = np.mean(alike, axis=0)
        return _Drawn(whole, float(ssim), float(floor))


def _regions(features: Features, left: Left, output: OutputSpec) -> tuple[RegionView, ...]:
    # As they stand on the wire: whole steps, where the bundle sends those.
    steps = dequantise(features.regions, output).reshape(len(features.regions), output.numbers) / output.scale
    width, height = left.size
    return tuple(
        RegionView(
            numbers=tuple(round(float(number), 3) for number in row[:MAX_NUMBERS]),
            count=output.numbers,
            largest=output.clip / output.scale,
            box=(x / width, y / height, w / width, h / height),
        )
        for row, (x, y, w, h) in zip(steps, left.boxes, strict=False)
    )


def _whole() -> tuple[RegionView, ...]:
    return (RegionView(),)


def _paste(canvas: Picture, picture: Picture, window: PixelBox) -> None:
    """Draw a picture, stretched to a window of the canvas, as far as that reaches; in place."""
    x, y, width, height = window
    rows, columns = canvas.shape[:2]
    left, top, right, bottom = max(0, x), max(0, y), min(columns, x + width), min(rows, y + height)
    if right > left and bottom > top:
        # Cut before it is stretched: a window may be far larger than the canvas.
        down = _span(top - y, bottom - y, height, picture.shape[0])
        across = _span(left - x, right - x, width, picture.shape[1])
        canvas[top:bottom, left:right] = resize(picture[down, across], (right - left, bottom - top))


def _span(first: int, last: int, of: int, pixels: int) -> slice:
    """Give the pixels that cover the places `first` to `last` of a window `of` places wide."""
    return slice(first * pixels // of, max(first * pixels // of + 1, -(-last * pixels // of)))


def _shrunk(jpeg: bytes, size: tuple[int, int]) -> bytes:
    """Give a JPEG that is no larger than is shown: most are as they came."""
    return jpeg if max(size) <= MOST_SIDE else encode(_fitted(decode(jpeg, *size)), QUALITY)


def _fitted(picture: Picture) -> Picture:
    height, width = picture.shape[:2]
    share = MOST_SIDE / max(height, width)
    if share >= 1:
        return picture
    return resize(picture, (max(1, round(share * width)), max(1, round(share * height))))
