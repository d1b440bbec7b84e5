"""Figures 3(a) to 3(f) of Baccour et al. (2020) anew, and who rejects how much, as SVG."""

import io
from collections.abc import Callable, Mapping
from typing import Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from privacy_lab.placement.study_results import Figure, Point, Study

_COLOURS: Final = {0.8: "#3f7d6e", 0.6: "#c79a2e", 0.4: "#b3541e"}
_STROKES: Final = {"ours": "-", "algorithm-1": (0, (3, 3))}
_ACROSS: Final[Mapping[Figure, str]] = {
    "devices": "helpers, a third of each kind",
    "mix": "% STM32H7 / % Raspberry Pi 3, 100 helpers",
    "network": "network, 100 helpers",
}
_PANELS: Final[tuple[tuple[str, Callable[[Point], float | None]], ...]] = (
    ("seconds from arrival to answer, mean", lambda point: point.mean_seconds),
    ("shared data, GB", lambda point: point.shared_bytes / 1e9),
    ("found no placement on arrival, %", lambda point: 100 * point.rejected / point.asked),
)


def plots_of(study: Study) -> Mapping[str, str]:
    """Give each plot's SVG by its file's stem: one an axis of the paper's figures."""
    figures: dict[Figure, list[Point]] = {}
    for point in study.points:
        figures.setdefault(point.figure, []).append(point)
    return {f"distprivacy-{figure}": _draw(figure, points) for figure, points in figures.items()}


def _draw(figure: Figure, points: list[Point]) -> str:
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "penumbra", "font.size": 8}):
        canvas = Canvas(figsize=(10.5, 3.2), layout="constrained")
        for number, (title, read) in enumerate(_PANELS, 1):
            axes = canvas.add_subplot(1, len(_PANELS), number)
            _panel(axes, points, read)
            axes.set_title(title)
            axes.set_xlabel(_ACROSS[figure])
        canvas.axes[0].legend(frameon=False, fontsize=6)
        canvas.axes[0].set_yscale("log")
        written = io.StringIO()
        canvas.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    return written.getvalue()


def _panel(axes: Axes, points: list[Point], read: Callable[[Point], float | None]) -> None:
    places = list(dict.fromkeys(point.at for point in points))
    for ssim, colour in _COLOURS.items():
        for solver, stroke in _STROKES.items():
            known = [
                (places.index(point.at), value)
                for point in points
                if (point.ssim, point.solver) == (ssim, solver) and (value := read(point)) is not None
            ]
            if known:
                across, up = zip(*known, strict=True)
                label = f"SSIM {ssim:g}, {solver}"
                axes.plot(across, up, color=colour, linestyle=stroke, marker="o", markersize=3, label=label)
    axes.set_xticks(range(len(places)), places)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#e3e3e3", linewidth=0.8)
    axes.set_axisbelow(True)
