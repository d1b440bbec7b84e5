"""The numbers of a sweep as tables of Markdown, ours beside what was published."""

from collections.abc import Iterator, Sequence

from privacy_lab.sweep.points import AVERAGED, DECODED, PUBLISHED, TOLD, Point, StillSweep, amount_text
from privacy_lab.sweep.results import Results, mean, seen, strongest_ssim

Row = Sequence[str]
_EMPTY = ""


def table(columns: Row, rows: Sequence[Row]) -> Iterator[str]:
    """Give the lines of a table, its first column to the left and the others to the right."""
    yield f"| {' | '.join(columns)} |"
    yield f"| :-- |{' --: |' * (len(columns) - 1)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def baselines(results: Results) -> Iterator[str]:
    """Give accuracy without noise, as in their Table 2: theirs, ARDEN's way here, and ours."""
    rows = []
    for task in results.tasks():
        for case in results.cases(task):
            theirs = results.published.case(results.called[task], case)
            there = f"{theirs.baseline:.1f}" if theirs else _EMPTY
            here = [_baseline(results.curve(task, case, method)) for method in ("arden", "ours")]
            rows.append([results.called[task], str(case), there, *here])
    yield from table(("set", "case", "published, %", "arden here, %", "ours, %"), rows)


def amounts(results: Results, task: str, case: int) -> Iterator[str]:
    """Give one row an amount of noise, as in their Tables 3 to 6."""
    arden, ours = (results.curve(task, case, method) for method in ("arden", "ours"))
    groups = {group[0].epsilon: group for group in arden}
    others = {group[0].epsilon: group for group in ours}
    rows = []
    for epsilon in sorted(groups.keys() | others.keys()):
        theirs = results.published.at(results.called[task], case, epsilon)
        here, own = groups.get(epsilon), others.get(epsilon)
        joint = (here or own or ())[0].epsilon_joint
        rows.append(
            [
                amount_text(epsilon),
                amount_text(joint),
                *(_digits(theirs.get(name), n) for name, n in (("accuracy", 1), ("ssim", 2), ("mse", 0))),
                *_found(here),
                *_found(own),
            ]
        )
    yield from table(_AMOUNTS, rows)


_FOUND = ("right, %", "Alg. 2", "told", "decoder", "10 draws", "MSE", "PSNR", "floor")
_AMOUNTS = (
    "ε per coordinate",
    "ε joint",
    "published: right, %",
    "SSIM",
    "MSE",
    *(f"arden: {_FOUND[0]}", *_FOUND[1:]),
    *(f"ours: {_FOUND[0]}", *_FOUND[1:]),
)


def joint(results: Results, task: str) -> Iterator[str]:
    """Give one row a joint epsilon, one column a mechanism: the share answered rightly, in percent."""
    methods = [m for m in JOINT if results.curve(task, 0, m)]
    found = {method: {g[0].epsilon: g for g in results.curve(task, 0, method)} for method in methods}
    epsilons = sorted({epsilon for groups in found.values() for epsilon in groups})
    rows = [
        [f"{epsilon:g}", *(_accuracy(found[method].get(epsilon)) for method in methods)]
        for epsilon in epsilons
    ]
    yield from table(("ε joint", *(_NAMES[method] for method in methods)), rows)


JOINT = ("laplace-l1", "gaussian-l2", "response", "label")
_NAMES = {
    "laplace-l1": "Laplace, few numbers",
    "gaussian-l2": "Gaussian, few numbers",
    "response": "one word a label",
    "label": "the edge's own label",
}


def noisy_bundles(results: Results) -> Iterator[str]:
    """Give one row a bundle and an amount of its own noise: what is answered, and what is seen."""
    rows = []
    for task in results.noisy_bundles():
        for group in results.curve(task, 0, "bundle"):
            floors = [point.floor.value for point in group if point.floor]
            rows.append(
                [
                    f"`{task}`",
                    f"{group[0].epsilon_joint:g}",
                    _accuracy(group),
                    f"{mean(group, lambda point: point.loss):.1f}",
                    _digits(strongest_ssim(group), 3),
                    _digits(sum(floors) / len(floors) if floors else None, 3),
                ]
            )
    yield from table(("bundle", "ε joint", "right, %", "points lost", "strongest SSIM", "floor"), rows)


def still(found: StillSweep) -> Iterator[str]:
    """Give one row a number of frames of a still camera."""
    fresh = {row.frames: row for row in found.rows if not row.memoised}
    rows = [
        [
            str(row.frames),
            f"{fresh[row.frames].ssim.value:.3f} ({fresh[row.frames].attack})",
            f"{row.ssim.value:.3f} ({row.attack})",
            str(row.draws),
        ]
        for row in found.rows
        if row.memoised
    ]
    yield from table(("frames", "noise drawn anew: SSIM", "memoised: SSIM", "draws"), rows)


def made_on(points: Sequence[Point]) -> str:
    """Say on what some points were made: every budget, device, front and number of pictures among them."""
    facts = {
        f"budget {p.made.budget} (width {p.made.width:g}, {p.made.trained_on:,} training pictures) on "
        f"{p.made.device}" + (f", front from {p.made.front}" if p.made.front else "")
        for p in points
    }
    return "; ".join(sorted(facts))


def _baseline(groups: Sequence[tuple[Point, ...]]) -> str:
    return f"{100 * mean(groups[0], lambda p: p.baseline.value):.1f}" if groups else _EMPTY


def _accuracy(group: tuple[Point, ...] | None) -> str:
    return f"{100 * mean(group, lambda p: p.accuracy.value):.1f}" if group else _EMPTY


def _found(group: tuple[Point, ...] | None) -> list[str]:
    if not group:
        return [_EMPTY] * len(_FOUND)
    floors = [point.floor.value for point in group if point.floor]
    return [
        _accuracy(group),
        *(_digits(seen(group, attack, "ssim"), 2) for attack in (PUBLISHED, TOLD, DECODED, AVERAGED)),
        _digits(seen(group, DECODED, "mse"), 0),
        _digits(seen(group, DECODED, "psnr"), 1),
        _digits(sum(floors) / len(floors) if floors else None, 2),
    ]


def _digits(value: float | None, digits: int) -> str:
    return _EMPTY if value is None else f"{value:.{digits}f}"


def at_a_glance(results: Results, epsilon: float) -> Iterator[str]:
    """Give one row a set and case at one amount of noise: as published, ARDEN's way here, and ours."""
    rows = []
    for task in results.tasks():
        for case in results.cases(task):
            theirs = results.published.at(results.called[task], case, epsilon)
            there = f"{theirs['accuracy']:.1f} %, SSIM {theirs['ssim']:.2f}" if theirs else _EMPTY
            here = [_reached(results, task, case, epsilon, method) for method in ("arden", "ours")]
            if any(here):
                rows.append([results.called[task], str(case), there, *here])
    yield from table(("set", "case", "published", "arden here", "ours, the same network"), rows)


def _reached(results: Results, task: str, case: int, epsilon: float, method: str) -> str:
    group = next((g for g in results.curve(task, case, method) if g[0].epsilon == epsilon), None)
    if group is None:
        return _EMPTY
    ssim = strongest_ssim(group)
    shown = "" if ssim is None else f", SSIM {ssim:.2f}"
    return f"{_accuracy(group)} %{shown} ({mean(group, lambda p: p.loss):.1f} points lost)"
