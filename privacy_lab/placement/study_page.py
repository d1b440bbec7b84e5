"""The page of a study of placements, in Markdown; every number in it is one of the study's."""

from collections.abc import Iterator, Mapping

from privacy_lab.placement.study_evidence import beside_lines, collusion_lines
from privacy_lab.placement.study_results import Point, Study

_CALLED = {"ours": "ours", "algorithm-1": "Algorithm 1"}


def page_of(study: Study, plots: Mapping[str, str]) -> str:
    """Give the page; `plots` are named as they are beside it, without their ending."""
    sections = (
        _head(study),
        _in_short(study),
        _gaps(study),
        _decisions(study),
        _rejections(study),
        beside_lines(study.beside),
        collusion_lines(study.collusion),
        _figures(study, plots),
    )
    return "\n".join(line for section in sections for line in section)


def _head(study: Study) -> Iterator[str]:
    yield "# Who holds which feature maps: what was measured of placements\n"
    yield (
        "Baccour et al., DistPrivacy (2020), spread a network over helpers so that none holds enough feature "
        "maps to rebuild the picture. Here their Algorithm 1, our planner and an exact solver (HiGHS) plan "
        "the same requests. Caps come from their Table I, so that their setting is kept; the run time's own "
        "come from tables measured here (below).\n"
    )
    yield (
        f"`penumbra lab place-study --requests {study.requests} --instances {study.instances} --seed "
        f"{study.seed}` · {study.made_by} · {study.machine}\n"
    )


def _in_short(study: Study) -> Iterator[str]:
    yield "## In short\n"
    gaps = [f"{_CALLED[gap.solver]} {_percent(gap.mean)} ({gap.instances} instances)" for gap in study.gaps]
    yield f"- Longer than the best placement, on average: {', '.join(gaps)}."
    ours = [found.median_ms for found in study.decisions if found.solver == "ours"]
    if ours:
        yield f"- Ours places VGG-16 on 100 helpers in {max(ours):.1f} ms at most (median of a mix)."
    for found in study.rejections:
        yield (
            f"- 70 % STM32H7, SSIM 0.4: {_CALLED[found.solver]} found nothing {found.refused} times; of "
            f"these the exact solver could have served {found.servable}."
        )
    planned = [one.found for one in study.collusion if one.planned >= one.together]
    if planned:
        held = sum(found.holds for found in planned)
        yield f"- Plans against colluders, attacked by as many: the cap held in {held} of {len(planned)}."
    yield ""


def _gaps(study: Study) -> Iterator[str]:
    yield "## How far from the best placement\n"
    solved = max((gap.instances + gap.missed for gap in study.gaps), default=0)
    none = study.instances - study.unsolved - solved
    yield (
        "Small networks and sites drawn at random, the best placement of each proved. The gap is how much "
        f"longer a solver's placement takes. Of {study.instances} drawn, {none} have no placement at all, as "
        f"was proved, and {study.unsolved} were not proved in time; they are left out.\n"
    )
    yield "| solver | instances | mean gap | median | 95 of 100 under | worst | within 5 % | missed |"
    yield "|---|---|---|---|---|---|---|---|"
    for gap in study.gaps:
        yield (
            f"| {_CALLED[gap.solver]} | {gap.instances} | {_percent(gap.mean)} | {_percent(gap.median)} | "
            f"{_percent(gap.p95)} | {_percent(gap.worst)} | {_percent(gap.within, 0)} | {gap.missed} |"
        )
    yield "\nMissed: instances that have a placement where the solver found none.\n"


def _decisions(study: Study) -> Iterator[str]:
    yield "## How long a decision takes\n"
    yield "VGG-16 for pictures of 128 × 128 on 100 idle helpers at SSIM 0.4; milliseconds of one core.\n"
    yield "| helpers | solver | median | worst | latency planned |"
    yield "|---|---|---|---|---|"
    for found in study.decisions:
        name = _CALLED.get(found.solver, found.solver)
        yield (
            f"| {found.mix} | {name} | {found.median_ms:.1f} ms | {found.worst_ms:.1f} ms | "
            f"{found.latency_seconds:.2f} s |"
        )
    yield f"\nThrifty: seconds are weighed against the scarcest resource (thrift {study.thrift:g}).\n"


def _rejections(study: Study) -> Iterator[str]:
    yield "## 70 % STM32H7, 30 % Raspberry Pi 3, SSIM 0.4\n"
    yield (
        f"{study.requests} requests on 100 helpers. What is rejected on arrival waits and is tried again. "
        "Each time that a solver found nothing, the exact one was asked whether there is a placement with "
        "what the helpers had left. The paper rejects 29 % in its own setting.\n"
    )
    yield "| solver | rejected on arrival | solver found nothing | of these servable | not known |"
    yield "|---|---|---|---|---|"
    for found in study.rejections:
        yield (
            f"| {_CALLED[found.solver]} | {found.rejected} of {found.asked} "
            f"({100 * found.rejected / max(1, found.asked):.1f} %) | {found.refused} | {found.servable} | "
            f"{found.unknown} |"
        )
    yield ""


def _figures(study: Study, plots: Mapping[str, str]) -> Iterator[str]:
    yield "## Their figures 3(a) to 3(f), anew\n"
    yield (
        f"{study.requests} requests, Poisson, 3 a second. What the paper leaves open: what a helper may do "
        f"and send is counted in periods of {study.period_seconds:g} s, memory is taken until the answer, "
        "and a request that finds no placement is tried again each period. Ours is thrifty here. Dashed: "
        "Algorithm 1.\n"
    )
    left_out = sorted({(name, point.ssim) for point in study.points for name in point.left_out})
    for name, ssim in left_out:
        yield f"{name} is left out at SSIM {ssim:g}: Table I allows not one map of some layer.\n"
    for name in plots:
        yield f"![{name}]({name}.svg)\n"
    yield "| axis | at | SSIM | solver | rejected | given up | mean s | shared GB |"
    yield "|---|---|---|---|---|---|---|---|"
    yield from map(_line, study.points)
    yield ""


def _line(point: Point) -> str:
    seconds = "–" if point.mean_seconds is None else f"{point.mean_seconds:.2f}"
    return (
        f"| {point.figure} | {point.at} | {point.ssim:g} | {_CALLED[point.solver]} | "
        f"{100 * point.rejected / max(1, point.asked):.1f} % | {point.given_up} | {seconds} | "
        f"{point.shared_bytes / 1e9:.1f} |"
    )


def _percent(share: float | None, digits: int = 1) -> str:
    return "–" if share is None else f"{100 * share:.{digits}f} %"
