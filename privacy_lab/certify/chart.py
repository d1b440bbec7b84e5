"""Privacy-accuracy curves as SVG text that takes its colours and its typeface from the page around it."""

import io
import itertools
import re
from collections.abc import Sequence
from typing import Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from privacy_lab.certify.facts import Curve

# matplotlib writes colours as they are; these stand for the page's own, which differ by day and night.
_INK: Final = "#010101"
_FAINT: Final = "#020202"
_LINES: Final = ("#030303", "#040404", "#050505", "#060606")
_MARKS: Final = ("o", "s", "D", "^")
_COLOURS: Final = {_INK: "var(--ink)", _FAINT: "var(--line)"} | {
    mark: f"var(--c{place})" for place, mark in enumerate(_LINES, 1)
}


def curves_svg(curves: Sequence[Curve], ceiling: float | None) -> str:
    """Draw accuracy over rank privacy, one line an embedding, as an `<svg>` element.

    Args:
        curves: Lines, at most four told apart by colour and mark.
        ceiling: The most rank privacy that can be had; a dashed line, where it is known.
    """
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "penumbra", "font.size": 11}):
        canvas = Canvas(figsize=(7.2, 3.9), layout="constrained")
        axes = canvas.add_subplot()
        for curve, colour, mark in zip(
            curves, itertools.cycle(_LINES), itertools.cycle(_MARKS), strict=False
        ):
            across = [point.rank_privacy for point in curve.points]
            up = [100 * point.accuracy for point in curve.points]
            axes.plot(across, up, color=colour, marker=mark, markersize=5, linewidth=2, label=curve.name)
        if ceiling is not None:
            axes.axvline(ceiling, color=_INK, linewidth=1, linestyle=(0, (4, 4)))
            axes.annotate(
                "the most there can be", (ceiling, 1.01), xycoords=("data", "axes fraction"),
                ha="right", color=_INK, fontsize=9,
            )  # fmt: skip
        _dress(axes)
        written = io.StringIO()
        canvas.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    return _themed(written.getvalue())


def _dress(axes: Axes) -> None:
    axes.set_xlabel("rank privacy: further right hides better who it is", color=_INK)
    axes.set_ylabel("answered rightly, %", color=_INK)
    axes.set_xlim(left=0)
    axes.tick_params(colors=_INK, length=0)
    axes.grid(color=_FAINT, linewidth=1)
    axes.set_axisbelow(True)
    axes.set_frame_on(False)
    axes.legend(frameon=False, labelcolor=_INK, loc="lower left")


def _themed(svg: str) -> str:
    start = svg.index("<svg")
    svg = re.sub(r'\s(width|height)="[\d.]+pt"', "", svg[start:], count=2)
    for own, themed in _COLOURS.items():
        svg = svg.replace(own, themed)
    # A style inside an inline picture would hold for the whole page; the white ground would hide the page's.
    for unwanted in (r"<metadata>.*?</metadata>", r"<style.*?</style>", r'<g id="patch_1">.*?</g>'):
        svg = re.sub(unwanted, "", svg, count=1, flags=re.DOTALL)
    svg = re.sub(r"font-family: [^;\"]*;?", "", svg)
    return svg.replace("<svg", '<svg role="img" aria-labelledby="curves-said"', 1).strip()
