"""The capture process: opens one source, prepares its pictures and writes them to standard output.

`python -m camera_node.capture` reads its order from standard input, one line of JSON, and leaves when that
closes, so no capture outlives its node. Whatever blocks for ever blocks here, where it can be killed.
"""

import contextlib
import fcntl
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import BinaryIO, Final, Literal

from camera_node.capture_wire import Ended, Failed, Message, Order, decode_order, encode
from camera_node.decoder_log import DecoderLog
from camera_node.errors import BadOption, BadSource, CameraError, MissingExtra, SourceTimeout
from monitoring.masking import mask_text

_F_SETPIPE_SZ: Final = getattr(fcntl, "F_SETPIPE_SZ", 1031)
_PIPE_BYTES: Final = 2**20
_LONGEST_ORDER: Final = 2**20


def main() -> None:
    """Do as ordered; the outcome is the last message on standard output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the node's affair, which then closes our input
    output = _own_output()
    order = decode_order(sys.stdin.buffer.readline(_LONGEST_ORDER))
    threading.Thread(target=_leave_with_node, args=(sys.stdin.fileno(),), daemon=True).start()
    log = DecoderLog()

    one_at_a_time = threading.Lock()

    def send(message: Message) -> None:
        with one_at_a_time:
            output.write(encode(message))
            output.flush()

    with contextlib.suppress(BrokenPipeError):
        send(_outcome(order, log, send))
    # A reader thread may still sit in a library's read; nothing is left to tidy up.
    os._exit(0)


def _outcome(order: Order, log: DecoderLog, send: Callable[[Message], None]) -> Ended | Failed:
    try:
        from camera_node.capturing import capture  # noqa: PLC0415 - OpenCV may not be installed

        capture(order, log, send)
    except ModuleNotFoundError as error:
        return Failed("extra", f"{error.name} is not installed: pip install 'penumbra[camera]'")
    except CameraError as error:
        return Failed(_kind(error), str(error))
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a decoder throws ends this capture, not the node
        return Failed("failed", f"the capture failed: {type(error).__name__}: {mask_text(str(error))[:200]}")
    return Ended()


def _kind(error: CameraError) -> Literal["option", "source", "failed", "timeout", "extra"]:
    match error:
        case BadOption():
            return "option"
        case BadSource():
            return "source"
        case SourceTimeout():
            return "timeout"
        case MissingExtra():
            return "extra"
        case _:
            return "failed"


def _own_output() -> BinaryIO:
    # What a library prints must not land between our messages: `DecoderLog` takes descriptor 1 over.
    output = os.fdopen(os.dup(1), "wb")
    with contextlib.suppress(OSError):  # a few pictures ahead; where the system says no, fewer
        fcntl.fcntl(output, _F_SETPIPE_SZ, _PIPE_BYTES)
    return output


def _leave_with_node(descriptor: int) -> None:
    while os.read(descriptor, 4096):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
