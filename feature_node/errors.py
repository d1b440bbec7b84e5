"""Everything that can go wrong at the edge.

EdgeError
├── BadSettings      settings that cannot be used (file, weights, key, bundle); the node does not start
│   ├── PolicyUnmet      the bundle does not prove what the site demands
│   ├── NoJointGuarantee a joint amount of noise is asked of what adds none
│   ├── BadNoise         noise that promises nothing, or cannot be made here
│   ├── BadLedger        the record of what was spent is damaged, in use, or not of this time
│   ├── BadDevices       a file of devices has an unknown key, unit or value
│   ├── BadPlan          a placement is of another network, of other devices, or breaks a constraint
│   ├── Infeasible       no placement keeps every constraint; says which fails, and by how much
│   ├── BadExposure      the record of what helpers have seen is damaged, or not of this network
│   └── UnsupportedNetwork a network that cannot be spread over helpers
├── NoRoom           a layer's maps that the helpers which are there may not all see
├── HelperFailed     a helper gave nothing that can be used (`reason` is a metric label)
├── WrongShape       maps that a helper's weights cannot take
└── Withheld         a frame of which nothing may leave (`reason` is a metric label)
    ├── BadPicture       the JPEG is damaged, or is not what its message says
    ├── DetectorError    the detector failed: nobody knows where the faces are
    ├── ExtractorError   the extractor failed, or gave something that may not be sent
    ├── NoPlacement      the helpers that are there may not hold all maps
    ├── HelpersLate      the helpers did not answer within the frame's deadline
    ├── BudgetSpent      the camera's privacy budget is spent, until when is known
    ├── OverCeiling      one message would lose more privacy than the site allows
    └── LedgerUnusable   what would be spent cannot be kept
"""

from datetime import UTC, datetime
from typing import Final

BUDGET_SPENT: Final = "budget-spent"
"""The reason of frames that wait for the next window; a viewer tells people so."""


class EdgeError(Exception):
    """The root of this package's errors."""


class BadSettings(EdgeError):
    """Settings that cannot be used; the text says which, why, and what to do."""


class PolicyUnmet(BadSettings):
    """The bundle does not prove what the site demands; no frame is read."""


class NoJointGuarantee(BadSettings):
    """A joint amount of noise is asked of something that adds none."""


class BadNoise(BadSettings):
    """Noise that would promise nothing, or that cannot be made here; no frame is read."""


class BadLedger(BadSettings):
    """The record of what was spent cannot be trusted; the text says why, and what to do."""


class BadDevices(BadSettings):
    """A file of devices cannot be used; the text names device, value and what to write."""


class BadPlan(BadSettings):
    """A placement that may not be run: it is of another network or other devices, or breaks a constraint."""


class Infeasible(BadSettings):
    """No placement was found that keeps every constraint.

    Attributes:
        constraint: Its number in Baccour et al., equation (8), as "8f".
        layer: Where it fails; empty where it is not one layer's.
        short: By how much, in the constraint's own unit (maps, bytes, multiplications, devices).
    """

    def __init__(self, constraint: str, layer: str, short: float, text: str) -> None:
        self.constraint = constraint
        self.layer = layer
        self.short = short
        super().__init__(f"({constraint}) {layer}: {text}" if layer else f"({constraint}) {text}")


class BadExposure(BadSettings):
    """The record of what helpers have seen cannot be trusted; the text says why, and what to do."""


class UnsupportedNetwork(BadSettings):
    """A network that cannot be spread over helpers; the text says why."""


class NoRoom(EdgeError):
    """The helpers that are there may not see all maps of a layer; the text says by how many."""


class HelperFailed(EdgeError):
    """A helper gave nothing that can be used.

    Attributes:
        reason: A short, fixed word for logs and metric labels.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class WrongShape(EdgeError):
    """Feature maps that a helper's weights cannot take."""


class Withheld(EdgeError):
    """A frame of which nothing may leave.

    Attributes:
        reason: A short, fixed word for logs, answers and metric labels; never a part of the picture.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason

    @property
    def standing(self) -> str:
        """How the node's status says it for as long as it lasts."""
        return self.reason


class BadPicture(Withheld):
    """The JPEG is damaged, or is not what its message says."""

    def __init__(self, detail: str) -> None:
        super().__init__("bad-picture", detail)


class DetectorError(Withheld):
    """The detector failed: nobody knows where the faces are."""

    def __init__(self, detail: str) -> None:
        super().__init__("detector-failed", detail)


class ExtractorError(Withheld):
    """The extractor failed, or gave something that may not be sent."""

    def __init__(self, detail: str) -> None:
        super().__init__("extractor-failed", detail)


class NoPlacement(Withheld):
    """The helpers that are there may not hold all maps: one of them would see more than the cap.

    Attributes:
        detail: What fails, and by how much.
    """

    def __init__(self, detail: str) -> None:
        super().__init__("no-placement", detail)
        self.detail = detail

    @property
    def standing(self) -> str:
        """See `Withheld`."""
        return str(self)


class HelpersLate(Withheld):
    """The helpers did not answer within the frame's deadline, and nobody could stand in."""

    def __init__(self, detail: str) -> None:
        super().__init__("helpers-late", detail)


class BudgetSpent(Withheld):
    """The camera's privacy budget is spent.

    Attributes:
        window: The window whose limit would be passed.
        limit: That limit, a sum of epsilon_joint.
        until_ns: When the window ends, Unix time in nanoseconds.
    """

    def __init__(self, window: str, limit: float, until_ns: int) -> None:
        self.window = window
        self.limit = limit
        self.until_ns = until_ns
        super().__init__(BUDGET_SPENT, f"epsilon_joint {limit:g} a {window}, until {self._until}")

    @property
    def standing(self) -> str:
        """See `Withheld`."""
        return f"{BUDGET_SPENT} until {self._until}"

    @property
    def _until(self) -> str:
        return f"{datetime.fromtimestamp(self.until_ns / 1e9, UTC):%Y-%m-%d %H:%M} UTC"


class OverCeiling(Withheld):
    """One message would lose more privacy than the site allows."""

    def __init__(self, epsilon_joint: float, ceiling: float) -> None:
        super().__init__("over-epsilon-ceiling", f"epsilon_joint {epsilon_joint:g}, at most {ceiling:g}")


class LedgerUnusable(Withheld):
    """What would be spent cannot be kept."""

    def __init__(self, detail: str) -> None:
        super().__init__("ledger-unusable", detail)
