"""Everything that can go wrong between a source and the private broker.

CameraError
├── BadOption        a setting that cannot be meant (also a `ValueError`)
├── BadSource        a `source` value that names nothing we can read; trying again does not help
├── SourceFailed     a source that does not open, breaks off or holds nothing; a live one is tried again
│   └── SourceTimeout    it did not answer in time and was stopped
├── MissingExtra     a library that only `penumbra[camera]` installs
└── LinkClosed       the private broker's link closed while frames still waited for their answers
"""


class CameraError(Exception):
    """The root of this package's errors; each text says what, where, which value and what to do."""


class BadOption(CameraError, ValueError):
    """A setting that cannot be meant."""


class BadSource(CameraError):
    """A `source` value that names nothing we can read; trying again does not help."""


class SourceFailed(CameraError):
    """A source that does not open, breaks off or holds nothing; a live one is tried again."""


class SourceTimeout(SourceFailed):
    """A source that did not answer in time and was stopped."""


class MissingExtra(CameraError):
    """A library that only `penumbra[camera]` installs."""


class LinkClosed(CameraError):
    """The private broker's link closed while frames still waited for their answers."""


def first_error(errors: ExceptionGroup[Exception]) -> Exception:
    """Take the first error out of a task group's, which says no more than it."""
    error = errors.exceptions[0]
    return first_error(error) if isinstance(error, ExceptionGroup) else error
