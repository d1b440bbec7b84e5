"""`penumbra up`: all parts of one pipeline on this machine, each its own process, and a live view of them."""

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator, Callable
from typing import Final, final

from penumbra.errors import PartFailed
from penumbra.live_page import page_address, with_live_page
from penumbra.live_table import Surroundings, summary_line
from penumbra.node_settings import check_policy, check_spread
from penumbra.pipeline_schema import Pipeline
from penumbra.placement_text import placement_lines
from penumbra.processes import PartEvent
from penumbra.run_file import announced
from penumbra.screen import REDRAW_SECONDS, Screen
from penumbra.site import READY_SECONDS, Site, running_site
from penumbra.stopping import stop_on_signals
from penumbra.units import count_text

LINGER_SECONDS: Final = 3.0
_DONE: Final = {"ended", "failed"}


async def run_up(
    pipeline: Pipeline, screen: Screen, say: Callable[[str], None], *, seconds: float | None, verbose: bool
) -> None:
    """Run a pipeline until Ctrl-C, for `seconds` once it is ready, or until every source has ended.

    Args:
        pipeline: What to run.
        screen: Where the cameras are shown.
        say: Prints the summary, and with `verbose` what the parts log.
        seconds: How long; None for no limit.
        verbose: Whether to print what the parts log.

    Raises:
        PolicyUnmet: The bundle does not prove what the site demands; nothing was started.
        PartFailed: A part refused its settings.
    """
    pipeline = with_live_page(pipeline)
    check_policy(pipeline.edge)
    check_spread(pipeline)
    events = _Events(screen, say if verbose else None)
    with stop_on_signals() as stop:
        async with running_site(pipeline, events, screen.note, cameras=True) as site:
            with screen, announced(site.info):
                why = await _watch(site, screen, events, stop, seconds)
                if events.refused is None:
                    screen.note(f"{why} No new pictures are taken; the last answers come in.")
                    await _draining(site, screen)
        totals = site.board.totals()
    if events.refused is not None:
        raise PartFailed(events.refused.text)
    say(f"{why} {count_text(len(pipeline.private.cameras), 'camera')}:")
    say(f" {summary_line(totals)}")


@final
class _Events:
    """Hears what happens to the parts."""

    def __init__(self, screen: Screen, say: Callable[[str], None] | None) -> None:
        self._screen = screen
        self._say = say
        self.refused: PartEvent | None = None
        self.changed = asyncio.Event()

    def __call__(self, event: PartEvent) -> None:
        if event.kind == "log":
            if self._say is not None:
                self._say(f"[{event.part}] {event.text}")
        elif event.kind == "crashed":
            self._screen.note(
                f"{event.part} crashed: {event.text.rstrip('.')}. It is started again in {event.pause:.1f} s."
            )
        elif event.kind == "refused":
            self.refused = event
            self.changed.set()


async def _watch(
    site: Site, screen: Screen, events: _Events, stop: asyncio.Event, seconds: float | None
) -> str:
    """Show the site until something ends the run; says what, as a sentence."""
    loop = asyncio.get_running_loop()
    until: float | None = None
    ended_at: float | None = None
    give_up_waiting = loop.time() + READY_SECONDS
    while True:
        screen.show(site.board.rows(), surroundings(site))
        now = loop.time()
        if until is None and seconds is not None and (_ready(site) or now > give_up_waiting):
            until = now + seconds
        ended_at = (ended_at or now) if _all_ended(site) else None
        if stop.is_set():
            return "Stopped by Ctrl-C."
        if events.refused is not None:
            return "A part cannot run."
        if until is not None and now >= until:
            return "Time is up."
        if ended_at is not None and now - ended_at > LINGER_SECONDS:
            return "Every source has ended."
        await _pause(stop, events.changed)


async def _pause(*sooner: asyncio.Event) -> None:
    """Wait until the next redraw, or until one of the events."""
    waits = [asyncio.create_task(event.wait()) for event in sooner]
    try:
        await asyncio.wait(waits, timeout=REDRAW_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


async def _draining(site: Site, screen: Screen) -> None:
    """Stop the parts, and go on showing what they still say."""
    async with _redrawing(site, screen):
        await site.supervisor.stop()


@contextlib.asynccontextmanager
async def _redrawing(site: Site, screen: Screen) -> AsyncIterator[None]:
    async def redraw() -> None:
        while True:
            rows = [dataclasses.replace(row, state="ended") for row in site.board.rows()]
            screen.show(rows, dataclasses.replace(surroundings(site), notes=()))
            await asyncio.sleep(REDRAW_SECONDS)

    task = asyncio.create_task(redraw(), name="redraw")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def surroundings(site: Site) -> Surroundings:
    """What stands around the table of a site."""
    notes = []
    if not site.link.connected:
        notes.append(f"private broker: {site.link.detail}")
    elif site.refusal:
        notes.append(site.refusal)
    elif site.waiting_for:
        notes.append(f"waiting for {site.waiting_for}")
    sends = site.pipeline.edge.kind
    edge = site.board.nodes.get(site.pipeline.edge.name)
    about = placement_lines(edge.placement) if edge and edge.placement else []
    return Surroundings(
        site.header,
        "pictures" if sends == "shade" else "numbers",
        tuple(notes),
        tuple(about),
        page_address(site.pipeline.edge.live),
    )


def _ready(site: Site) -> bool:
    return site.link.connected and not site.waiting_for


def _all_ended(site: Site) -> bool:
    rows = site.board.rows()
    return bool(rows) and all(row.state in _DONE for row in rows)
