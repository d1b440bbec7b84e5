"""What a sweep finds: one point an amount of noise, with what it costs and what it leaves to be seen."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final, Literal

import msgspec

from models.certificate import Figure
from privacy_lab.errors import BadData

SCHEMA: Final = 1
GREY_LEVELS: Final = 255.0**2
"""What mean squared errors of values in [0, 1] are multiplied by to stand beside published ones."""

PUBLISHED: Final = "algorithm-2"
TOLD: Final = "told"
AVERAGED: Final = "told-averaged"
DECODED: Final = "decoder"
"""The attacks on feature maps: as published; told B, ε and μ; the same over several draws; by a decoder."""

Method = Literal["arden", "ours", "laplace-l1", "gaussian-l2", "response", "label", "bundle"]


class Reconstruction(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One reconstruction attack on one point.

    Attributes:
        attack: Its name.
        pictures: How many were attacked.
        draws: How many releases of each picture the attacker had; 1 but where he averages.
        mse: Mean squared error in squared grey levels, as published.
        psnr: In decibels, each picture's own, in floating point.
        ssim: Structural similarity.
    """

    attack: str
    pictures: int
    draws: int
    mse: Figure
    psnr: Figure
    ssim: Figure


class Made(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """On what a point was made, and from what.

    Attributes:
        budget: The recipe's budget.
        device: The machine's part that computed.
        seconds: How long the point took, shared stages left out.
        front: Which set the front was pre-trained on; empty where it learnt on the task's own.
        trained_on: Pictures that the network learnt from.
        width: Of the network, as a share of the published one's.
    """

    budget: str
    device: str
    seconds: float
    front: str
    trained_on: int
    width: float


class Point(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One amount of noise on one release.

    Attributes:
        key: Digest of everything that decides the point.
        task: The data set, or the recipe or bundle whose embedding it is.
        method: How it was trained, and under which mechanism.
        case: The paper's case; 0 where it has none.
        layer: The layer that the network is cut behind.
        seed: Of training and attack.
        bundle: Id of the bundle; empty where there is none.
        numbers: How many numbers leave.
        bound: B; None where nothing is bounded.
        epsilon_per_coordinate: The guarantee of one number by itself.
        epsilon_joint: That of all numbers of a region together.
        delta: The probability with which `epsilon_joint` may not hold; None: never.
        nullified: μ.
        accuracy: Share answered rightly under noise, the mean over runs.
        baseline: The same without noise, of the same method.
        tests: Pictures that were answered.
        runs: How often each, with noise drawn anew.
        attacks: Reconstruction attacks; none where only the accuracy was asked for.
        floor: SSIM of the mean picture of the answered label.
        made: On what.
    """

    key: str
    task: str
    method: Method
    case: int
    layer: str
    seed: int
    bundle: str = ""
    numbers: int
    bound: float | None
    epsilon_per_coordinate: float | None
    epsilon_joint: float
    delta: float | None = None
    nullified: float
    accuracy: Figure
    baseline: Figure
    tests: int
    runs: int
    attacks: tuple[Reconstruction, ...]
    floor: Figure | None
    made: Made

    @property
    def epsilon(self) -> float:
        """The amount that was asked for: per coordinate where that is the guarantee, else joint."""
        per_coordinate = self.epsilon_per_coordinate
        return self.epsilon_joint if per_coordinate is None else per_coordinate

    @property
    def loss(self) -> float:
        """Percentage points lost against the same method without noise."""
        return 100 * (self.baseline.value - self.accuracy.value)

    @property
    def normalised_loss(self) -> float:
        """The loss as a share of the baseline, in percent (Ryu et al., figures 4, 7, 10 and 13)."""
        return self.loss / max(self.baseline.value, 1e-9)

    @property
    def strongest(self) -> Reconstruction | None:
        """The attack on one release of each picture that came nearest to them, by SSIM."""
        single = [found for found in self.attacks if found.draws == 1]
        return max(single, key=lambda found: found.ssim.value, default=None)

    def attack(self, name: str) -> Reconstruction | None:
        """Give the attack of this name, if it was made."""
        return next((found for found in self.attacks if found.attack == name), None)


class Still(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the strongest attack sees of pictures that were sent in so many frames.

    Attributes:
        frames: How many frames the attacker waited for.
        memoised: Whether the edge sent an unchanged region's value again.
        draws: Over how many independent draws he averaged, at the median.
        attack: The strongest attack.
        ssim: Its structural similarity.
    """

    frames: int
    memoised: bool
    draws: int
    attack: str
    ssim: Figure


class StillSweep(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The averaging attack on one bundle.

    Attributes:
        bundle: Its id.
        task: Its name.
        epsilon_joint: Of one fresh release of one region.
        pictures: How many were attacked.
        sensor: Standard deviation of the camera's own noise, in grey levels.
        unchanged_within: By how much numbers may change and still count as unchanged.
        rows: By frames, without and with memory.
    """

    bundle: str
    task: str
    epsilon_joint: float
    pictures: int
    sensor: float
    unchanged_within: float
    rows: tuple[Still, ...]


class Sweep(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All points of a folder."""

    schema: Literal[1] = SCHEMA
    points: tuple[Point, ...]


def amount_text(epsilon: float) -> str:
    """Write an amount for people: whole from a thousand on, never as a power."""
    return f"{epsilon:,.0f}" if epsilon >= 1000 else f"{epsilon:g}"


def ordered(points: Iterable[Point]) -> tuple[Point, ...]:
    """Give points by task, method, case, amount of noise and seed."""
    return tuple(sorted(points, key=lambda p: (p.task, p.method, p.case, p.bundle, p.epsilon, p.seed)))


def read_sweep(folder: Path) -> Sweep:
    """Read the points of a sweep from `folder`/sweep.json.

    Raises:
        BadData: it is not there, or not a sweep's results.
    """
    path = folder / "sweep.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=Sweep)
    except OSError as error:
        raise BadData(
            f"{path}: cannot be read: {error.strerror}. Run penumbra lab sweep --out {folder}"
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadData(f"{path}: is not a sweep's results: {error}. Sweep again") from error


def encode_sweep(points: Iterable[Point]) -> bytes:
    """Give all points as JSON for people and programs, the same bytes each time."""
    sweep = Sweep(points=ordered(points))
    return msgspec.json.format(msgspec.json.encode(sweep, order="deterministic"), indent=2) + b"\n"
