"""The `penumbra` command: whatever goes wrong is told in one message, never as a traceback."""

import asyncio
import os
import sys
from typing import Final

from penumbra.app import app
from penumbra.errors import CommandError
from penumbra.stopping import forget_output

INTERRUPTED: Final = 130
# The root error of each package, by name: a package that was never imported cannot have raised.
_ROOTS: Final = {
    "broker.errors": "BrokerError",
    "camera_node.errors": "CameraError",
    "feature_node.errors": "EdgeError",
    "analyzer_node.errors": "AnalyzerError",
    "models.errors": "BundleError",
    "monitoring.errors": "MonitoringError",
    "privacy_lab.errors": "LabError",
}
_WRONG_SETTINGS: Final = {
    ("broker.errors", "BadName"),
    ("broker.errors", "BadAddress"),
    ("broker.errors", "BadAccount"),
    ("camera_node.errors", "BadOption"),
    ("camera_node.errors", "BadSource"),
    ("feature_node.errors", "BadSettings"),
    ("analyzer_node.errors", "BadSettings"),
    ("analyzer_node.errors", "BadRedisAddress"),
    ("models.errors", "BundleNotFound"),
    ("models.errors", "DamagedBundle"),
    ("models.errors", "UnsafeArchive"),
    ("models.errors", "UnsupportedBundle"),
    ("monitoring.errors", "BadTraces"),
    ("privacy_lab.errors", "BadData"),
    ("privacy_lab.errors", "BadRecipe"),
}


def main() -> None:
    """Run the command line; exits with 0, 1 (something went wrong) or 2 (a flag or file is wrong)."""
    try:
        app()
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        forget_output()
        sys.exit(0)
    except Exception as error:  # noqa: BLE001 - the last line of defence before the user
        sys.exit(report(error))


def report(error: BaseException) -> int:
    """Tell of an error on stderr; returns the exit status."""
    cause = first_cause(error)
    known = _exit_code(cause)
    if known is None:
        if os.environ.get("PENUMBRA_TRACEBACK"):
            raise error
        _say(f"{type(cause).__name__}: {cause}")
        _say("This should not happen. Set PENUMBRA_TRACEBACK=1 to see where it does, and please report it.")
        return 1
    _say(str(cause))
    return known


def first_cause(error: BaseException) -> BaseException:
    """The error to tell of: of several at once, the first that is one of ours, else the first."""
    if not isinstance(error, BaseExceptionGroup):
        return error
    causes = [first_cause(part) for part in error.exceptions]
    return next((cause for cause in causes if _exit_code(cause) is not None), causes[0])


def _exit_code(error: BaseException) -> int | None:
    if isinstance(error, CommandError):
        return error.exit_code
    if any(_is_a(error, module, name) for module, name in _WRONG_SETTINGS):
        return 2
    return 1 if any(_is_a(error, module, name) for module, name in _ROOTS.items()) else None


def _is_a(error: BaseException, module: str, name: str) -> bool:
    kind = getattr(sys.modules.get(module), name, None)
    return kind is not None and isinstance(error, kind)


def _say(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201 - the message to the user


if __name__ == "__main__":
    main()
