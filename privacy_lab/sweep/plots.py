"""The curves of a sweep as SVG, laid out as the papers' figures: against epsilon, theirs dashed."""

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from privacy_lab.sweep.points import AVERAGED, DECODED, PUBLISHED, TOLD, Point
from privacy_lab.sweep.published import PublishedCase
from privacy_lab.sweep.results import Results, mean, seen

Draw = Callable[[Axes], None]

_COLOURS: Final = ("#b3541e", "#3f7d6e", "#2b4c7e", "#c79a2e", "#7a5195")
_GREY: Final = "#7a7a7a"
_SHOWN_AT: Final = 200.0


def plots_of(results: Results) -> Mapping[str, str]:
    """Give each plot's SVG by name; a curve without points is left out."""
    drawn: dict[str, str] = {}
    for task in results.tasks():
        drawn[f"{task}-accuracy"] = _draw([_accuracy(results, task), _loss(results, task)])
        for case in results.cases(task):
            if any(group[0].attacks for group in results.curve(task, case, "arden")):
                drawn[f"{task}-case{case}-attacks"] = _draw(_attacked(results, task, case))
    if results.tasks():
        drawn["loss-by-set"] = _draw([_by_set(results)])
    if results.joint_tasks():
        drawn["joint"] = _draw([_joint(results, task) for task in results.joint_tasks()])
    return drawn


def _draw(fills: Sequence[Draw]) -> str:
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "penumbra", "font.size": 9}):
        canvas = Canvas(figsize=(4.2 * len(fills), 3.2), layout="constrained")
        for number, fill in enumerate(fills, 1):
            axes = canvas.add_subplot(1, len(fills), number)
            fill(axes)
            axes.spines[["top", "right"]].set_visible(False)
            axes.grid(color="#e3e3e3", linewidth=0.8)
            axes.set_axisbelow(True)
        written = io.StringIO()
        canvas.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    return written.getvalue()


def _accuracy(results: Results, task: str) -> Draw:
    def fill(axes: Axes) -> None:
        for case in results.cases(task):
            _both(
                axes,
                results,
                (task, case),
                ours=lambda p: 100 * p.accuracy.value,
                theirs=lambda c: c.accuracy,
            )
        _labelled(axes, f"{results.called[task]}: answered rightly, %")

    return fill


def _loss(results: Results, task: str) -> Draw:
    def fill(axes: Axes) -> None:
        for case in results.cases(task):
            _both(axes, results, (task, case), ours=lambda p: p.normalised_loss, theirs=_normalised)
        _labelled(axes, "normalised loss, %")

    return fill


def _normalised(case: PublishedCase) -> list[float]:
    return [100 * (case.baseline - accuracy) / case.baseline for accuracy in case.accuracy]


def _both(
    axes: Axes,
    results: Results,
    curves: tuple[str, int],
    *,
    ours: Callable[[Point], float],
    theirs: Callable[[PublishedCase], Sequence[float]],
) -> None:
    task, case = curves
    colour, printed = _COLOURS[(case - 1) % len(_COLOURS)], results.published
    for method, mark in (("arden", "o"), ("ours", "s")):
        groups = results.curve(task, case, method)
        if groups:
            across, up = [group[0].epsilon for group in groups], [mean(group, ours) for group in groups]
            axes.plot(across, up, marker=mark, markersize=3, color=colour, label=f"case {case}, {method}")
    there = printed.case(results.called[task], case)
    if there is not None:
        axes.plot(
            printed.epsilons,
            theirs(there),
            color=colour,
            linestyle=(0, (3, 3)),
            label=f"case {case}, published",
        )


def _labelled(axes: Axes, title: str) -> None:
    axes.set_xscale("log")
    axes.set_xlabel("epsilon per coordinate")
    axes.set_title(title)
    axes.legend(frameon=False, fontsize=6)


def _attacked(results: Results, task: str, case: int) -> list[Draw]:
    """Give MSE, SSIM and PSNR against epsilon, as in their Figures 6, 9, 12 and 15."""

    def panel(figure: str, title: str) -> Draw:
        def fill(axes: Axes) -> None:
            groups = results.curve(task, case, "arden")
            for colour, attack in zip(_COLOURS, (PUBLISHED, TOLD, DECODED, AVERAGED), strict=False):
                found = [(g[0].epsilon, seen(g, attack, figure)) for g in groups]
                known = [(epsilon, value) for epsilon, value in found if value is not None]
                if known:
                    axes.plot(*zip(*known, strict=True), marker="o", markersize=3, color=colour, label=attack)
            there = results.published.case(results.called[task], case)
            if there is not None:
                printed = getattr(there, figure)
                axes.plot(
                    results.published.epsilons, printed, color=_GREY, linestyle=(0, (3, 3)), label="published"
                )
            _labelled(axes, f"{results.called[task]}, case {case}: {title}")

        return fill

    return [panel("mse", "MSE"), panel("ssim", "SSIM"), panel("psnr", "PSNR, dB")]


def _by_set(results: Results) -> Draw:
    """Give the normalised loss at ε = 200 by set and case, as in their Figure 16."""

    def fill(axes: Axes) -> None:
        names, heights, colours = [], [], []
        for task in results.tasks():
            for case in results.cases(task):
                for method in ("arden", "ours"):
                    groups = [g for g in results.curve(task, case, method) if g[0].epsilon == _SHOWN_AT]
                    if groups:
                        names.append(f"{results.called[task]}\ncase {case}\n{method}")
                        heights.append(mean(groups[0], lambda p: p.normalised_loss))
                        colours.append(_COLOURS[0 if method == "arden" else 1])
        axes.bar(range(len(names)), heights, color=colours, width=0.6)
        axes.set_xticks(range(len(names)), names, fontsize=4)
        axes.set_title(f"normalised loss at epsilon {_SHOWN_AT:g} per coordinate, %")

    return fill


def _joint(results: Results, task: str) -> Draw:
    def fill(axes: Axes) -> None:
        for colour, method in zip(
            _COLOURS, ("laplace-l1", "gaussian-l2", "response", "label", "bundle"), strict=True
        ):
            groups = results.curve(task, 0, method)
            if groups:
                up = [100 * mean(group, lambda p: p.accuracy.value) for group in groups]
                across = [group[0].epsilon_joint for group in groups]
                axes.plot(across, up, marker="o", markersize=3, color=colour, label=method)
                axes.axhline(100 * groups[0][0].baseline.value, color=_GREY, linewidth=0.8)
        axes.set_xlabel("epsilon, joint for all numbers of a region")
        axes.set_title(f"{task}: answered rightly, %")
        axes.legend(frameon=False, fontsize=6)

    return fill
