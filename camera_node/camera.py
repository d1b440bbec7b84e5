"""One camera from its source to the broker: opened, watched, opened again; it takes nobody with it."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from typing import Final, final

from broker.answers import Answer
from broker.backoff import backoff
from broker.ends import Publisher, Subscriber
from broker.frames import Frame
from camera_node.board import StatusBoard
from camera_node.clock import host_clock
from camera_node.errors import BadOption, CameraError, LinkClosed, MissingExtra, SourceFailed
from camera_node.framer import Framer
from camera_node.newest import NewestSender
from camera_node.open_source import open_source
from camera_node.pacing import as_it_comes, in_real_time
from camera_node.settings import CameraSpec
from camera_node.source import Picture, Source
from camera_node.waiting import WaitingSender
from camera_node.window import Window
from monitoring.logs import get_logger
from monitoring.masking import mask_source, mask_text
from monitoring.metrics import RECONNECTS
from monitoring.traces import NO_TRACES, Traces

STEADY_PICTURES: Final = 100
"""After so many pictures a break is a new one, and the waits start small again."""


@final
class Camera:
    """Runs one camera.

    Args:
        spec: The camera.
        board: Where its state is shown.
        frames: Where its frames go.
        answers: Where its answers come from; None for a live source, which does not wait for them.
        open_source: Makes its source; another one in tests.
        delays: Makes the waits between attempts to open it.
        traces: Begins a trace for each frame.
    """

    def __init__(
        self,
        spec: CameraSpec,
        board: StatusBoard,
        frames: Publisher[Frame],
        answers: Subscriber[Answer] | None,
        *,
        open_source: Callable[[CameraSpec], Source] = open_source,
        delays: Callable[[], Iterator[float]] = backoff,
        traces: Traces = NO_TRACES,
    ) -> None:
        self._spec = spec
        self._board = board
        self._frames = frames
        self._answers = answers
        self._open_source = open_source
        self._delays = delays
        self._traces = traces
        self._zones_size: tuple[int, int] | None = None

    async def run(self) -> None:
        """Run until a medium ends or the camera cannot run at all; a live source is opened again for ever."""
        waits = self._delays()
        while True:
            self._board.connecting()
            trouble = await self._attempt()
            if self._board.state in ("ended", "failed"):
                return
            if self._board.tally.read >= STEADY_PICTURES:
                waits = self._delays()
            wait = next(waits)
            self._board.connecting(f"{trouble} Trying again in {wait:.0f} s.")
            await asyncio.sleep(wait)
            RECONNECTS.labels(self._spec.name).inc()

    async def _attempt(self) -> str:
        """Run the source once; return why a live one broke off."""
        try:
            async with self._open_source(self._spec) as source:
                self._check_zones(source)
                self._board.opened()
                await self._send(source)
        except (BadOption, MissingExtra, LinkClosed) as error:
            self._board.failed(str(error))
        except CameraError as error:
            if self._spec.live:
                return str(error)
            self._board.failed(str(error))
        except Exception as error:  # noqa: BLE001 - one camera's fault is not the others'
            get_logger().error(
                "camera fault", camera=self._spec.name, kind=type(error).__name__, why=mask_text(str(error))
            )
            if self._spec.live:
                return f"a fault in Penumbra ({type(error).__name__})."
            self._board.failed(f"a fault in Penumbra ({type(error).__name__}); its log says more.")
        else:
            if self._spec.live:
                return f"{mask_source(self._spec.source)} ended."
            self._board.ended()
        return ""

    def _check_zones(self, source: Source) -> None:
        size = (source.info.width, source.info.height)
        if not self._spec.privacy_zones or 0 in size:
            return
        before, self._zones_size = self._zones_size or size, self._zones_size or size
        if size != before:
            raise SourceFailed(
                f"{mask_source(self._spec.source)} came back with {size[0]}x{size[1]} instead of "
                f"{before[0]}x{before[1]} pixels, where the privacy zones no longer cover what they should. "
                "Set the old size again, or write new zones and start this camera again."
            )

    async def _send(self, source: Source) -> None:
        spec, tally = self._spec, self._board.tally
        framer = Framer(spec.name, "newest" if spec.live else "wait", host_clock(), self._traces)
        self._board.begin(framer.run)
        tally = self._board.tally
        pace = in_real_time if spec.pace == "realtime" and not spec.live else as_it_comes
        async with aclosing(self._watched(source)) as watched, aclosing(pace(watched)) as pictures:
            if spec.live or self._answers is None:
                await NewestSender(framer, self._frames, tally, spec.max_lag).run(pictures)
            else:
                window = Window(spec.window, spec.resend_after, spec.give_up)
                await WaitingSender(framer, self._frames, self._answers, window=window, tally=tally).run(
                    pictures
                )

    async def _watched(self, source: Source) -> AsyncGenerator[Picture, None]:
        async for picture in source:
            self._board.tally.take_source(source.counts)
            self._board.picture(changed=picture.changed)
            yield picture
        self._board.tally.take_source(source.counts)
