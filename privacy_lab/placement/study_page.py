"""The page of a study of placements, in Markdown; every number in it is one of the study's."""

from collections.abc import Iterator, Mapping

from privacy_lab.placement.study_results import Point, Study

_CALLED = {"ours": "ours", "algorithm-1": "Algorithm 1"}


def page_of(study: Study, plots: Mapping[str, str]) -> str:
    """Give the page; `plots` are named as they are beside it, without their ending."""
    return "\n".join(
        [*_head(study), *_gaps(study), *_decisions(study), *_rejections(study), *_figures(study, plots)]
    )


def _head(study: Study) -> Iterator[str]:
    yield "# Who holds which feature maps: three solvers\n"
    yield (
        "Baccour et al., DistPrivacy (2020), planned exactly (HiGHS), by their Algorithm 1 and by ours. Caps "
        "come from their Table I; the run time's own come from tables measured here. "
        f"`penumbra lab place-study --requests {study.requests} --seed {study.seed}` · {study.made_by} · "
        f"{study.machine}\n"
    )


def _gaps(study: Study) -> Iterator[str]:
    yield "## How far from the best placement\n"
    yield (
        "Small networks and sites drawn at random, the best placement of each proved. The gap is how much "
        f"longer a solver's placement takes. {study.unsolved} instances were not proved in time and are left "
        "out.\n"
    )
    yield "| solver | instances | mean gap | median | 95 of 100 under | worst | within 5 % | missed |"
    yield "|---|---|---|---|---|---|---|---|"
    for gap in study.gaps:
        yield (
            f"| {_CALLED[gap.solver]} | {gap.instances} | {100 * gap.mean:.1f} % | "
            f"{100 * gap.median:.1f} % | {100 * gap.p95:.1f} % | "
            f"{100 * gap.worst:.1f} % | {100 * gap.within:.0f} % | {gap.missed} |"
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
        f"{study.requests} requests on 100 helpers. Each time that a solver found nothing, the exact one was "
        "asked whether there is a placement with what the helpers had left. The paper rejects 29 % in its "
        "own setting.\n"
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
