"""What the live page shows, as frozen values, and the `Feed` that an edge gives it."""

from contextlib import AbstractContextManager
from typing import Literal, Protocol

import msgspec

CameraState = Literal["starting", "running", "stalled", "gone", "ended"]
PartState = Literal["starting", "ok", "degraded", "failed", "gone"]
Sends = Literal["numbers", "picture"]
Place = Literal["house", "cloud"]


class RegionView(msgspec.Struct, frozen=True, kw_only=True):
    """One region of a frame (a face, or the whole frame): what left of it, and the answer.

    Attributes:
        label: The answer, as the bundle words it; empty while none has come back.
        confidence: The analyzer's score of that answer, 0 to 1.
        numbers: The numbers as they stand on the wire, noise and all: whole steps where the bundle sends
            those. At most `MAX_NUMBERS`; none for a picture.
        count: How many numbers crossed, of which `numbers` may be the first.
        largest: The largest size that such a number can have (the clip bound), in the same unit.
        box: Left, top, width and height as shares (0 to 1) of the picture's width and height.
    """

    label: str = ""
    confidence: float = 0.0
    numbers: tuple[float, ...] = ()
    count: int = 0
    largest: float = 1.0
    box: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)


class CameraView(msgspec.Struct, frozen=True, kw_only=True):
    """One camera as the page shows it; all figures are of the frame in the pictures, or of the last seconds.

    Attributes:
        camera: The camera's name.
        state: `stalled` where pictures stopped coming, `gone` where the camera itself is.
        why: What is wrong, in words for a person; empty where nothing is.
        held_back: Why nothing of the last frame left the house; empty where it was let through.
        sequence: The number of the frame in the pictures.
        sends: Whether numbers or a (shaded) picture leave.
        regions: What was found in that frame.
        mirror: Whether there is a picture of what the cloud could make of it.
        mirror_why: Where there is none: why, and what would show it, in a sentence or two.
        ssim: Structural similarity of the two pictures over the regions, -1 to 1; None where unknown.
        ssim_floor: What a picture that is the same for everybody (the mean) reaches; None where unknown.
        age_seconds: From capture to the answer at home; None before the first.
        bytes_sent: Bytes that crossed to the cloud a second.
        bytes_as_jpeg: Bytes that the pictures would have cost a second.
        bytes_home: Bytes of pictures that went through the house a second.
        frames_per_second: Frames answered a second.
        epsilon_joint: Privacy loss of the last message, all its numbers together; None without noise.
        epsilon_per_coordinate: Privacy loss of one number by itself; None without that noise.
        delta: Probability with which `epsilon_joint` may not hold; None without.
        spent: Sum of epsilon_joint in the current window; None where none is counted.
        budget: The largest sum that the window allows; None where it is only counted.
        window: Which window: `minute`, `hour` or `day`; empty where none is counted.
        picture_version: Grows with each new pair of pictures; 0 before the first.
    """

    camera: str
    state: CameraState
    why: str = ""
    held_back: str = ""
    sequence: int = 0
    sends: Sends = "numbers"
    regions: tuple[RegionView, ...] = ()
    mirror: bool = False
    mirror_why: str = ""
    ssim: float | None = None
    ssim_floor: float | None = None
    age_seconds: float | None = None
    bytes_sent: float = 0.0
    bytes_as_jpeg: float = 0.0
    bytes_home: float = 0.0
    frames_per_second: float = 0.0
    epsilon_joint: float | None = None
    epsilon_per_coordinate: float | None = None
    delta: float | None = None
    spent: float | None = None
    budget: float | None = None
    window: str = ""
    picture_version: int = 0


class PartView(msgspec.Struct, frozen=True, kw_only=True):
    """One part (a node, a broker, a cache): on which side it runs, and how it is.

    Attributes:
        name: What it is called, for example `private broker`.
        side: Whether it sees pictures (`house`) or not (`cloud`).
        state: How it is.
        detail: Why, in words for a person; never a credential.
    """

    name: str
    side: Place
    state: PartState
    detail: str = ""


class SiteView(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for all cameras.

    Attributes:
        name: The site's name.
        bundle: What makes the numbers (a bundle's name, `shade`).
        question: What the cloud is asked, in words: `gender of each face`.
        version: Penumbra's version.
    """

    name: str
    bundle: str = ""
    question: str = ""
    version: str = ""


class Pictures(msgspec.Struct, frozen=True, kw_only=True):
    """Both pictures of one frame, as JPEG of the same width and height.

    Attributes:
        version: As in `CameraView.picture_version`.
        house: The picture as only this house sees it.
        cloud: What the cloud could make of it at best; None where nothing can show it.
    """

    version: int
    house: bytes
    cloud: bytes | None = None


MAX_NUMBERS = 256
"""More numbers of one region than these are not drawn."""


class Feed(Protocol):
    """Where the page takes what it shows.

    All calls come from the event loop in which the page was opened, never from another thread, and one after
    the other; so none needs a lock, and none but `changed` and `pictures` may wait.
    """

    def open(self) -> AbstractContextManager[None]:
        """Somebody watches while this lasts; outside of it nothing is computed or kept for the page."""
        ...

    def site(self) -> SiteView:
        """What holds for all cameras."""
        ...

    def cameras(self) -> tuple[CameraView, ...]:
        """All cameras as they are now, in a stable order."""
        ...

    def parts(self) -> tuple[PartView, ...]:
        """All parts as they are now, in a stable order."""
        ...

    async def pictures(self, camera: str) -> Pictures | None:
        """The newest pair of pictures of a camera; None where there is none, or no such camera."""
        ...

    async def changed(self, seconds: float) -> None:
        """Return soon after anything above has changed since the last call, or after `seconds`."""
        ...
