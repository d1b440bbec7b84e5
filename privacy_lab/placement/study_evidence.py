"""The parts of a study's page that say what maps give away: Table I beside ours, and colluding helpers."""

from collections.abc import Iterator, Sequence

from privacy_lab.placement.collusion import CollusionAttacked
from privacy_lab.placement.study_results import Beside


def beside_lines(rows: Sequence[Beside]) -> Iterator[str]:
    """Give the section on Table I; nothing where there are no rows."""
    if not rows:
        return
    counts = sorted({cell.maps for row in rows for cell in row.cells})
    yield "## What some maps of a layer give away: Table I beside ours\n"
    yield (
        "SSIM of the reconstruction, by how many maps of the layer are held: theirs / ours. Theirs is an "
        "inverse network on some subset; ours the stronger of two attackers on the most telling of several "
        "subsets. What ours learnt from, and how much, is named below: other pictures than theirs where "
        "theirs could not be had, and never as many.\n"
    )
    yield f"| network | layer | {' | '.join(map(str, counts))} |"
    yield f"|---|---|{'---|' * len(counts)}"
    for row in rows:
        cells = {cell.maps: f"{cell.published:g} / {_ours(cell.measured)}" for cell in row.cells}
        yield f"| {row.network} ({row.called}) | {row.layer} | {_joined(cells, counts)} |"
    yield ""
    for network, data in dict.fromkeys((row.network, row.data) for row in rows if row.data):
        yield f"- Ours, {network}: {data}."
    missing = dict.fromkeys(row.network for row in rows if not row.data)
    if missing:
        yield f"- Not measured here, or not this layer: {', '.join(missing)}."
    yield ""


def collusion_lines(rows: Sequence[CollusionAttacked]) -> Iterator[str]:
    """Give the section on helpers who put their maps together; nothing where none were attacked."""
    if not rows:
        return
    first = rows[0]
    yield "## Helpers who put their maps together\n"
    yield (
        f"{first.network} on {first.helpers} helpers, planned by the run time's own planner. The helpers who "
        "hold most put together the maps of all layers that they hold, and an attacker who knows the network "
        f"learns to rebuild {first.data} from them; the pictures attacked are none that he learnt from. Rows "
        "planned against 1 show what a plan gives away that does not reckon with colluders.\n"
    )
    yield "| cap | planned against | put together by | maps held | SSIM reached | mean picture | holds |"
    yield "|---|---|---|---|---|---|---|"
    for row in rows:
        yield _collusion_line(row)
    yield ""


def _collusion_line(row: CollusionAttacked) -> str:
    found = row.found
    maps = " + ".join(f"{count}" for count in found.held.values()) or "none"
    reached = f"{found.ssim.value:.3f} ({found.ssim.low:.3f}–{found.ssim.high:.3f})" if found.ssim else "–"
    floor = f"{found.floor.value:.3f}" if found.floor else "–"
    verdict = "yes" if found.holds else "no"
    return (
        f"| {found.max_ssim:g} | {row.planned} | {row.together} | {maps} | {reached} | {floor} | {verdict} |"
    )


def _joined(cells: dict[int, str], counts: Sequence[int]) -> str:
    return " | ".join(cells.get(count, "") for count in counts)


def _ours(measured: float | None) -> str:
    return "–" if measured is None else f"{measured:.2f}"
