"""The page on differential privacy, every number from a sweep's points and none typed in."""

from collections.abc import Iterator, Sequence

from models.catalogue import shipped
from privacy_lab.sweep import tables
from privacy_lab.sweep.points import Point, StillSweep
from privacy_lab.sweep.results import Results

_HEAD = """# Differential privacy, as published and for real

What noise costs and what it hides, measured: first per coordinate, as Ryu et al. (2022) study it with ARDEN's
training (Wang et al. 2018), then with a joint guarantee for everything that a region releases, then on video.

- **ε per coordinate** bounds what *one* number says; all *d* numbers of a region together cost
  **ε joint** = *d* · ε. The two are never mixed. Neighbours are any two pictures.
- **Alg. 2** is the papers' reconstruction attack: it is told nothing of the noise, and chooses its λ on
  pictures of the attacker's own. **Told** knows B, ε and μ, and measures misfit by the noise's own law.
  **Decoder** is a network that learnt to undo noise drawn anew at each step. **10 draws** is *told* with ten
  releases of the same picture to average.
- **Floor** is the SSIM of the mean training picture of the answered label. Whoever reads the answer has it: a
  release that is answered rightly hides no more, whatever a weaker attack makes of it.
- MSE is in squared grey levels and PSNR in floating point, both the decoder's. The papers' PSNR of about
  27.9 dB, whatever the error, is that of differences wrapped to bytes: a test reproduces it.
- Grids of reconstructions beside their originals, as in their figures, are written by `--grids`. They show
  pictures of the data sets, so that none stands here.
- Accuracy is the mean over runs with noise drawn anew; loss is against the same method without noise.
"""

_DEVIATIONS = """
Where this differs from what they did, and why:

- Pictures are normalised; theirs were 0 to 255, so that their bounds B are a hundred times ours or more. ε
  does not change with the scale.
- The layers behind Case 3 stand in a picture of theirs alone; ours are six convolutions of the same kind.
- The front is pre-trained on the set named with each table, where CIFAR-100 was not at hand.
- Remote parts begin at a network trained without noise, so that few epochs suffice.
- Means of batch normalisation follow noisy numbers alone: they are what is normalised at run time.
- Noise and masks are drawn for each picture each time; ARDEN's code draws one for all pictures of an epoch.
"""


def markdown(results: Results, plots: Sequence[str]) -> str:
    """Give the page; `plots` name the pictures that stand beside it."""
    lines = [_HEAD, "Made by:\n", "```", *commands(results), "```\n"]
    if results.tasks():
        lines += [*_glance(results)]
        lines += [
            "## Per coordinate\n",
            "Accuracy without noise (their Table 2):\n",
            *tables.baselines(results),
        ]
        lines.append(_DEVIATIONS)
    for task in results.tasks():
        lines += _task(results, task, plots)
    lines += _picture("loss-by-set", "Normalised loss at ε = 200 (their Figure 16)", plots)
    if results.joint_tasks():
        lines += _joint(results, plots)
    if results.stills:
        lines += _stills(results.stills)
    return "\n".join(lines).rstrip() + "\n"


def commands(results: Results) -> Iterator[str]:
    """Give the commands that make all of this again."""
    trained = [point for point in results.points if point.method in ("arden", "ours")]
    for method, budget in sorted({(point.method, point.made.budget) for point in trained}):
        points = [p for p in trained if (p.method, p.made.budget) == (method, budget)]
        sets = ",".join(name for name in results.tasks() if name in {point.task for point in points})
        cases = ",".join(map(str, sorted({point.case for point in points})))
        seeds = len({point.seed for point in points})
        how = f"--method {method} --budget {budget} --seeds {seeds}"
        yield f"penumbra lab sweep {how} --sets {sets} --cases {cases}"
    others = {point.method for point in results.points} - {"arden", "ours"}
    if others - {"bundle"}:
        yield "penumbra lab sweep --method joint"
    for name in sorted({point.task for point in results.points if point.method == "bundle"}):
        points = [p for p in results.points if (p.task, p.method) == (name, "bundle")]
        amounts = ",".join(f"{one:g}" for one in sorted({point.epsilon for point in points}))
        images = max((attack.pictures for point in points for attack in point.attacks), default=0)
        if name not in shipped():
            yield f"penumbra lab train {name} --out {name}"
        yield f"penumbra lab sweep --bundle {name} --epsilons {amounts} --images {images}"
    for still in results.stills:
        frames = ",".join(str(row.frames) for row in still.rows if row.memoised)
        yield f"penumbra lab sweep --bundle {still.task} --frames {frames} --sensor {still.sensor:g}"
    yield "penumbra lab sweep --report docs/results --grids FOLDER"


_GLANCE = 200.0
"""The amount per coordinate that Ryu et al. recommend."""


def _glance(results: Results) -> Iterator[str]:
    yield "## At a glance\n"
    yield f"At ε = {_GLANCE:g} per coordinate, strongest attack on one release (published: Alg. 2):\n"
    yield from tables.at_a_glance(results, _GLANCE)
    yield ""
    if results.noisy_bundles():
        yield "Under a joint guarantee, eight numbers or fewer, attacked by a decoder and by rMLE:\n"
        yield from tables.noisy_bundles(results)
        yield ""


def _task(results: Results, task: str, plots: Sequence[str]) -> Iterator[str]:
    yield f"\n### {results.called[task]}\n"
    yield from _picture(f"{task}-accuracy", "Accuracy and normalised loss against ε", plots)
    for case in results.cases(task):
        points = [point for point in results.points if (point.task, point.case) == (task, case)]
        yield f"\n#### {results.called[task]}, case {case}: cut behind `{points[0].layer}`\n"
        yield f"{_released(points)} {tables.made_on(points)}.\n"
        yield from tables.amounts(results, task, case)
        yield ""
        yield from _picture(f"{task}-case{case}-attacks", "MSE, SSIM and PSNR against ε", plots)


def _released(points: Sequence[Point]) -> str:
    first = points[0]
    bounds = sorted({f"{point.bound:.2f}" for point in points if point.bound is not None})
    return (
        f"{first.numbers:,} numbers leave, bounded to B = {' or '.join(bounds)}; {first.tests:,} test "
        f"pictures, {first.runs} runs, seeds {', '.join(map(str, sorted({point.seed for point in points})))};"
    )


def _joint(results: Results, plots: Sequence[str]) -> Iterator[str]:
    yield "\n## A joint guarantee\n"
    yield "Accuracy in percent through the run time's own release steps; all that a region releases counts.\n"
    yield from _picture("joint", "Accuracy against joint ε", plots)
    for task in results.joint_tasks():
        points = [p for p in results.points if p.task == task and p.method in tables.JOINT]
        baseline, deltas = points[0].baseline, sorted({p.delta for p in points if p.delta is not None})
        yield f"\n### {task}\n"
        stated = f"; δ of the Gaussian {deltas[0]:g}" if deltas else ""
        yield f"Without noise {100 * baseline.value:.1f} % of {points[0].tests:,}{stated}.\n"
        yield from tables.joint(results, task)


def _stills(stills: Sequence[StillSweep]) -> Iterator[str]:
    yield "\n## A still camera\n"
    yield "Noise that is drawn anew averages out over frames; a value that is sent again says nothing new.\n"
    for found in stills:
        yield f"\n### {found.task}, ε joint {found.epsilon_joint:g} a fresh release\n"
        yield (
            f"{found.pictures} pictures under a sensor's noise of {found.sensor:g} grey levels; a region is "
            f"unchanged while its numbers move by at most {100 * found.unchanged_within:g} %.\n"
        )
        yield from tables.still(found)


def _picture(name: str, title: str, there: Sequence[str]) -> Iterator[str]:
    if name in there:
        yield f"![{title}](privacy-{name}.svg)\n"
