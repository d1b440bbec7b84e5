"""The results of all studies as a page of Markdown: every number from `embeddings.json`, none typed in."""

from collections.abc import Iterator, Sequence

from models.certificate import Figure
from models.manifest import Accuracy
from privacy_lab.study.payloads import Payloads
from privacy_lab.study.results import DefenceResult, EmbeddingResult, LayerResult, Results, TaskResult

_HEAD = """# Embeddings, attacked

What four embeddings of one network give away, on pictures and people that neither the network nor the
attacker learnt from. Simple is the network cut at a layer; Siamese is fine-tuned so that equal answers look
alike; advanced is Siamese reduced to 8 numbers by PCA (Osia et al., section 4); ours is 8 numbers of a few
steps each, trained to say nothing beyond the answer
([decision](../adr/0008-the-code-is-trained-by-an-entropy-bottleneck.md)).

- **SSIM** is that of the strongest of all reconstruction attacks, beside the *floor*: the mean picture of the
  answered label, for which nobody needs the payload's details. The difference is what the payload betrays.
- **Rank-1** is how often a person is found first in a gallery of people that the extractor never saw, among
  those of the same label, beside *chance*. **Rank privacy** is the mean rank of the true record over their
  number; its *ceiling* is what is left when the answer alone is known. With two labels it is measured where
  79 % of the records have the first, as in the paper's test set: at other balances the ceiling is another.
- Intervals are 95 %: over seeds and pictures for attacks, Wilson's for accuracy.
- *Load* and *memory* are what the network adds to a process that has its runtime loaded and has run a trivial
  network; *process* is all of it, from an empty interpreter to the first answer.
"""


def markdown(results: Results) -> str:
    """Give the page."""
    parts = [_HEAD]
    for name in sorted(results.tasks, key=_order):
        parts.extend(_task(name, results.tasks[name]))
    return "\n".join(parts)


def _order(name: str) -> tuple[int, str]:
    return (0 if name == "gender" else 1, name)


def _task(name: str, task: TaskResult) -> Iterator[str]:
    yield f"\n## {name}: {task.question}\n"
    yield f"`{task.command}` · {task.machine} · cut behind `{task.split}`\n"
    yield "Whole network: " + "; ".join(_accuracy(entry) for entry in task.accuracy_whole) + ".\n"
    yield from _table(_COLUMNS, [_row(found) for found in task.embeddings])
    yield "\nOn a device, own load / own memory / a region; then those of the whole process:\n"
    yield from _table(_EDGE_COLUMNS, [row for found in task.embeddings for row in _edge_rows(found)])
    yield "\nEvery reconstruction attack, SSIM:\n"
    yield from _attacks(task.embeddings)
    if task.embeddings and task.embeddings[0].battery.identity_rank1 is not None:
        yield "\nIdentity, strongest variant of each attack:\n"
        yield from _people(task.embeddings)
    yield "\nBy split layer (simple embedding; a decoder that sees a third as many pictures, one seed):\n"
    yield from _table(_LAYER_COLUMNS, [_layer(layer) for layer in task.layers])
    swept = ", ".join(f"{point.k}: {100 * point.accuracy:.1f}" for point in task.sweep)
    yield f"\nAccuracy of advanced by the number of components, in %: {swept}.\n"
    if task.defences:
        yield "\nOur code under one defence at a time, as many epochs each:\n"
        yield from _table(_DEFENCE_COLUMNS, [_defence(found) for found in task.defences])
        yield ""
    yield from (f"![{title}]({name}-{plot}.svg)\n" for plot, title in _plots(task))


_COLUMNS = (
    "embedding", "seeds", "numbers", "bytes", "answered rightly", "SSIM (strongest)", "floor",
    "over the floor", "rank-1 (chance)", "rank privacy (ceiling)", "payloads seen", "edge parameters",
    "edge multiply-adds",
)  # fmt: skip
_DEFENCE_COLUMNS = (
    "defence", "answered rightly", "payloads seen", "rank-1 (chance)", "recogniser", "rank privacy (ceiling)",
)  # fmt: skip
_EDGE_COLUMNS = (
    "embedding",
    "network",
    "load ms",
    "memory MiB",
    "region ms",
    "process load s",
    "process MiB",
)
_LAYER_COLUMNS = (
    "layer", "numbers", "bytes", "answered rightly", "SSIM", "over the floor", "rank-1", "rank privacy",
    "edge ms", "edge parameters", "edge multiply-adds",
)  # fmt: skip


def _row(found: EmbeddingResult) -> list[str]:
    battery = found.battery
    return [
        f"**{found.embedding}**",
        str(len(battery.seeds)),
        str(found.numbers),
        f"{found.payload_bytes:,}",
        "; ".join(f"{100 * entry.accuracy:.1f} %" for entry in found.accuracy),
        f"{_figure(battery.strongest_ssim)} ({battery.strongest})",
        _value(battery.floor),
        _figure(battery.over_floor),
        _beside(battery.identity_rank1, battery.identity_rank1_chance),
        _beside(battery.rank_privacy, battery.rank_privacy_ceiling),
        _payloads(found.payloads),
        _share(found.burden.parameters, found.burden.parameters_whole),
        _share(found.burden.multiply_adds, found.burden.multiply_adds_whole),
    ]


def _edge_rows(found: EmbeddingResult) -> Iterator[list[str]]:
    sides = {
        "extractor": found.edge.extractor,
        "whole": found.edge.whole,
        "whole in torch": found.edge.whole_torch,
    }
    for side, cost in sides.items():
        if cost is not None:
            yield [
                found.embedding,
                side,
                f"{1000 * cost.load_seconds:.1f}",
                f"{cost.resident_mib:.1f}",
                f"{cost.milliseconds_a_region:.2f}",
                f"{cost.process_load_seconds:.2f}",
                f"{cost.process_resident_mib:.0f}",
            ]


def _attacks(embeddings: Sequence[EmbeddingResult]) -> Iterator[str]:
    names = dict.fromkeys(
        r.name for found in embeddings for r in found.battery.records if r.kind == "reconstruction"
    )
    rows = [[name, *(_of(found, name, "ssim") for found in embeddings)] for name in names]
    yield from _table(("attack", *(found.embedding for found in embeddings)), rows)


def _people(embeddings: Sequence[EmbeddingResult]) -> Iterator[str]:
    wanted = [
        ("retrieval-within-label", "rank1", "rank-1, same label"),
        ("retrieval-within-label", "rank5", "rank-5, same label"),
        ("verification-within-label", "accuracy", "recogniser trained on payloads, same label"),
        ("retrieval-all", "rank1", "rank-1, all"),
        ("log-rank", "log_rank", "log-rank privacy (nats)"),
        ("log-rank", "nn1_error", "1-NN error"),
        ("rank-privacy", "privacy", "rank privacy at the set's own balance"),
        ("rank-privacy", "ceiling", "its ceiling"),
    ]
    rows = [[title, *(_of(found, name, figure) for found in embeddings)] for name, figure, title in wanted]
    yield from _table(("figure", *(found.embedding for found in embeddings)), rows)


def _defence(found: DefenceResult) -> list[str]:
    return [
        found.defence,
        _figure(found.accuracy),
        _payloads(found.payloads),
        _beside(found.identity_rank1, found.identity_rank1_chance),
        _figure(found.recogniser),
        _beside(found.rank_privacy, found.rank_privacy_ceiling),
    ]


def _payloads(found: Payloads) -> str:
    return f"{found.distinct} of {found.regions}, {found.bits:.1f} bits"


def _layer(layer: LayerResult) -> list[str]:
    return [
        f"`{layer.layer}`",
        f"{layer.numbers:,}",
        f"{layer.payload_bytes:,}",
        f"{100 * layer.accuracy.value:.1f} %",
        _figure(layer.ssim),
        _figure(layer.ssim_over_floor),
        _value(layer.identity_rank1),
        _value(layer.rank_privacy),
        f"{layer.milliseconds_a_region:.2f}",
        _share(layer.burden.parameters, layer.burden.parameters_whole),
        _share(layer.burden.multiply_adds, layer.burden.multiply_adds_whole),
    ]


def _plots(task: TaskResult) -> Iterator[tuple[str, str]]:
    yield "reconstruction", "SSIM of each reconstruction attack by embedding"
    if task.layers:
        yield "layers", "The decoder's SSIM over the floor by split layer"
    if any(found.noise for found in task.embeddings):
        yield "noise", "Accuracy against rank privacy under growing noise"


def _of(found: EmbeddingResult, record: str, figure: str) -> str:
    attack = found.battery.record(record)
    return _figure(attack.figures.get(figure)) if attack else "–"


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield f"|{'---|' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _accuracy(entry: Accuracy) -> str:
    interval = f"{100 * entry.low:.1f} to {100 * entry.high:.1f}"
    return f"{100 * entry.accuracy:.1f} % ({interval}) of {entry.n} of {entry.data}"


def _figure(figure: Figure | None) -> str:
    return "–" if figure is None else f"{figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f})"


def _value(figure: Figure | None) -> str:
    return "–" if figure is None else f"{figure.value:.3f}"


def _beside(figure: Figure | None, reference: Figure | None) -> str:
    return "–" if figure is None else f"{_figure(figure)}; {_value(reference)}"


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %"
