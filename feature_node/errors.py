"""Everything that can go wrong at the edge.

EdgeError
├── BadSettings      settings that cannot be used (file, weights, key, bundle); the node does not start
│   ├── PolicyUnmet      the bundle does not prove what the site demands
│   └── NoJointGuarantee a joint amount of noise is asked of what adds none
└── Withheld         a frame of which nothing may leave (`reason` is a metric label)
    ├── BadPicture       the JPEG is damaged, or is not what its message says
    ├── DetectorError    the detector failed: nobody knows where the faces are
    └── ExtractorError   the extractor failed, or gave something that may not be sent
"""


class EdgeError(Exception):
    """The root of this package's errors."""


class BadSettings(EdgeError):
    """Settings that cannot be used; the text says which, why, and what to do."""


class PolicyUnmet(BadSettings):
    """The bundle does not prove what the site demands; no frame is read."""


class NoJointGuarantee(BadSettings):
    """A joint amount of noise is asked of something that adds none."""


class Withheld(EdgeError):
    """A frame of which nothing may leave.

    Attributes:
        reason: A short, fixed word for logs, answers and metric labels; never a part of the picture.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


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
