"""The shading extractor: the picture leaves, its faces do not."""

import hashlib
from collections.abc import Iterable
from typing import Final, final

import msgspec

from feature_node.box import Box, grow, inside
from feature_node.errors import ExtractorError
from feature_node.extractor import Censored, Faces, Profile
from feature_node.picture import Picture, encode
from feature_node.shading import Shape, Style, shade
from feature_node.threads import Threads

TASK: Final = "look at the picture without its faces"
SHADE_THRESHOLD: Final = 0.1
"""The least score of a face that is shaded.

Below the 0.2 of the `deface` command: a picture loses a little on its way as JPEG.
"""


class ShadeOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How faces are shaded.

    Attributes:
        style: See `shading.Style`.
        shape: See `shading.Shape`.
        dilate: Share of a face's width and height by which its box goes out on each side.
        quality: Of the JPEG, 1 to 100.
    """

    style: Style = "solid"
    shape: Shape = "box"
    dilate: float = 0.3
    quality: int = 90


def shade_profile(bundle: str | None = None, task: str = TASK) -> Profile:
    """Describe shaded pictures, for the analyzer of a picture bundle or for any that shows them."""
    name = bundle or hashlib.sha256(b"penumbra shaded picture, schema 1").hexdigest()[:16]
    return Profile(bundle=name, kind="picture", task=task, region_bytes=None, needs_faces=True)


def censor(picture: Picture, faces: Iterable[Box], options: ShadeOptions) -> Censored:
    """Shade every face of a BGR picture, its box grown by `options.dilate`, and encode the result.

    Raises:
        ExtractorError: It cannot be shaded or encoded.
    """
    height, width = picture.shape[:2]
    boxes = inside((grow(box, options.dilate) for box in faces), width, height)
    try:
        shaded = shade(picture, boxes, options.style, options.shape)
    except Exception as error:
        raise ExtractorError(f"the picture cannot be shaded ({type(error).__name__})") from error
    return Censored(encode(shaded, options.quality), boxes)


@final
class ShadeExtractor:
    """An `Extractor` that covers every face, found or held, and encodes the rest anew."""

    def __init__(self, profile: Profile, options: ShadeOptions, threads: Threads) -> None:
        self.profile = profile
        self._options = options
        self._threads = threads

    async def extract(self, picture: Picture, faces: Faces) -> Censored:
        """See `Extractor`."""
        return await self._threads.run(self._extract, picture, faces)

    def _extract(self, picture: Picture, faces: Faces) -> Censored:
        return censor(picture, faces.cover, self._options)
