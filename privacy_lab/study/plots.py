"""Pictures of a study, as SVG text: what attackers reach, what noise trades, what a deeper cut hides."""

import io
from collections.abc import Callable
from typing import Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from privacy_lab.study.results import TaskResult

_SIZE: Final = (7.2, 3.6)
_COLOURS: Final = ("#b3541e", "#c79a2e", "#3f7d6e", "#2b4c7e")
_GREY: Final = "#7a7a7a"


def plots_of(task: TaskResult) -> dict[str, str]:
    """Give each plot's SVG by name; a curve that the task has no figures for is left out."""
    drawn = {"reconstruction": _draw(lambda axes: _reconstruction(axes, task))}
    if task.layers:
        drawn["layers"] = _draw(lambda axes: _layers(axes, task))
    if any(found.noise for found in task.embeddings):
        drawn["noise"] = _draw(lambda axes: _noise(axes, task))
    return drawn


def _draw(fill: Callable[[Axes], None]) -> str:
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "penumbra", "font.size": 10}):
        canvas = Canvas(figsize=_SIZE, layout="constrained")
        axes = canvas.add_subplot()
        fill(axes)
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(color="#e3e3e3", linewidth=0.8)
        axes.set_axisbelow(True)
        written = io.StringIO()
        canvas.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    return written.getvalue()


def _reconstruction(axes: Axes, task: TaskResult) -> None:
    """One mark an attack, one column an embedding; the floor is a dash."""
    for place, found in enumerate(task.embeddings):
        records = [record for record in found.battery.records if record.kind == "reconstruction"]
        for record in records:
            ssim = record.figures.get("ssim")
            if ssim is None:
                continue
            strongest = record.name == found.battery.strongest
            colour = _COLOURS[place % len(_COLOURS)] if strongest else _GREY
            error = [[ssim.value - ssim.low], [ssim.high - ssim.value]]
            axes.errorbar([place], [ssim.value], yerr=error, fmt="o", color=colour, capsize=3)
            if strongest:
                axes.annotate(
                    record.name, (place, ssim.value), xytext=(8, -3), textcoords="offset points", color=colour
                )
        if found.battery.floor is not None:
            axes.hlines(
                found.battery.floor.value, place - 0.3, place + 0.3, color="black", linestyle=(0, (4, 3))
            )
    axes.set_xticks(range(len(task.embeddings)), [found.embedding for found in task.embeddings])
    axes.set_xlim(-0.6, len(task.embeddings) - 0.2)
    axes.set_ylabel("SSIM of the reconstruction\n(dashed: mean picture of the answer)")


def _layers(axes: Axes, task: TaskResult) -> None:
    places = range(len(task.layers))
    ssim = [layer.ssim_over_floor.value for layer in task.layers]
    axes.bar(places, ssim, color=_COLOURS[3], width=0.5)
    axes.set_xticks(places, [f"{layer.layer}\n{layer.payload_bytes:,} B" for layer in task.layers])
    axes.set_ylabel("decoder's SSIM over the floor")


def _noise(axes: Axes, task: TaskResult) -> None:
    for place, found in enumerate(task.embeddings):
        if found.noise:
            across = [point.rank_privacy for point in found.noise]
            up = [100 * point.accuracy for point in found.noise]
            colour = _COLOURS[place % len(_COLOURS)]
            axes.plot(across, up, marker="o", markersize=4, color=colour, label=found.embedding)
    axes.set_xlabel("rank privacy")
    axes.set_ylabel("answered rightly, %")
    axes.legend(frameon=False, loc="lower left")
