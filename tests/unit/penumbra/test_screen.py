import io

from rich.console import Console

from penumbra.live_table import Surroundings
from penumbra.screen import LINE_SECONDS, NEWS_SECONDS, NOTE_SECONDS, LineScreen, TerminalScreen
from penumbra.tally import CameraTally

ROW = CameraTally("demo", "demo:").row(0.0)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_lines_come_seldom_and_the_header_once() -> None:
    said: list[str] = []
    clock = Clock()
    with LineScreen(said.append, clock) as screen:
        for step in range(48):
            clock.now = step * 0.25
            screen.show([ROW], Surroundings("Penumbra"))
    assert said[0] == "Penumbra"
    assert sum(line.startswith("demo:") for line in said) == int(12 // LINE_SECONDS)


def test_trouble_is_told_once_and_only_when_it_lasts() -> None:
    said: list[str] = []
    clock = Clock()
    screen = LineScreen(said.append, clock)
    screen.show([], Surroundings("P", notes=("waiting for the edge",)))
    clock.now = 1
    screen.show([], Surroundings("P", notes=("private broker: away",)))
    clock.now = 1 + NEWS_SECONDS
    for _ in range(3):
        screen.show([], Surroundings("P", notes=("private broker: away",)))
    assert [line for line in said if line.startswith("!")] == ["! private broker: away"]


def test_a_note_stands_under_the_table_for_a_while() -> None:
    clock = Clock()
    console = Console(file=io.StringIO(), width=120, force_terminal=True, color_system=None)

    def shown() -> str:
        with console.capture() as capture:
            screen.show([ROW], Surroundings("Penumbra"))
        return capture.get()

    with TerminalScreen(console, clock) as screen:
        screen.note("edge crashed: boom")
        assert "! edge crashed: boom" in shown()
        clock.now = NOTE_SECONDS
        assert "boom" not in shown()
