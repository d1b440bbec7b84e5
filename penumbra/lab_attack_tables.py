"""What a battery of attacks found, as tables and sentences for people."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from rich.table import Table

if TYPE_CHECKING:
    from models.certificate import Figure
    from privacy_lab.battery.records import Battery

_FIGURES: Final = ("ssim", "ssim_over_floor", "psnr", "mse")
# An identity attack's leading figure, what it is called, and the reference that it is read beside.
_LEADING: Final = (
    ("retrieval-within-label", "rank1", "rank-1 within one label", "rank1/chance"),
    ("retrieval-within-label", "rank5", "rank-5 within one label", "rank5/chance"),
    ("retrieval-within-label", "nn1", "1-NN within one label", "nn1/chance"),
    ("retrieval-all", "rank1", "rank-1 over all", "rank1/chance"),
    ("verification-within-label", "accuracy", "learnt, within one label", "accuracy/majority"),
    ("verification-all", "accuracy", "learnt, over all", "accuracy/majority"),
    ("log-rank", "log_rank", "log-rank privacy", "log_rank/ceiling"),
    ("log-rank", "nn1_error", "1-NN error", "nn1_error/chance"),
    ("rank-privacy", "privacy", "rank privacy", "ceiling"),
    ("rank-privacy", "rank1", "rank-1 among all records", None),
    ("rank-privacy-79", "privacy", "rank privacy at 79 %", "ceiling"),
)


def reconstruction_table(battery: "Battery") -> Table:
    """Give one row a reconstruction attack and reference: SSIM, over the floor, PSNR and MSE."""
    table = Table("reconstruction", box=None, title_justify="left")
    for name in ("SSIM", "over the floor", "PSNR in dB", "MSE"):
        table.add_column(name, justify="right")
    for record in battery.records:
        if record.kind == "reconstruction":
            style = "bold" if record.name == battery.strongest else None
            digits = (3, 3, 2, 4)
            cells = [brief(record.figures[key], n) for key, n in zip(_FIGURES, digits, strict=True)]
            table.add_row(record.name, *cells, style=style)
    return table


def identity_table(battery: "Battery") -> Table:
    """Give one row an identity attack's leading figure, beside what nobody's payload would give."""
    table = Table("identity", box=None)
    table.add_column("found", justify="right")
    table.add_column("knowing nothing", justify="right")
    for name, figure, text, reference in _LEADING:
        record = battery.record(name)
        if record is not None:
            beside = brief(record.figures[reference], 3) if reference else ""
            table.add_row(text, brief(record.figures[figure], 3), beside)
    return table


def summary(battery: "Battery") -> Iterator[str]:
    """Say the strongest attack, the accuracy, what was left out, and on how many pictures all this is."""
    sizes = battery.fairness
    if battery.strongest and battery.strongest_ssim and battery.over_floor:
        yield (
            f"strongest: {battery.strongest}, SSIM {figure_text(battery.strongest_ssim, 3)}, "
            f"{figure_text(battery.over_floor, 3)} over the floor"
        )
    if battery.accuracy:
        yield f"accuracy through the wire: {figure_text(battery.accuracy, 4)} of {sizes.answered}"
    for skipped in battery.skipped:
        yield f"left out: {skipped.name}: {skipped.reason}"
    yield (
        f"{sizes.attacked} pictures attacked with {sizes.auxiliary} others; {sizes.identities} identities of "
        f"{sizes.gallery} pictures; {len(battery.seeds)} seeds; intervals are 95 %"
    )
    if sizes.dropped:
        yield f"{sizes.dropped} pictures were taken from the attacker: they are among those attacked"


def brief(figure: "Figure", digits: int) -> str:
    """Give a figure with the wider half of its interval, as 0.231 ±0.008; without where it is exact."""
    half = f"{max(figure.high - figure.value, figure.value - figure.low):.{digits}f}"
    value = f"{figure.value:.{digits}f}"
    return value if float(half) == 0 else f"{value} ±{half}"


def figure_text(figure: "Figure", digits: int) -> str:
    """Give a figure with its interval, as 0.231 (0.224 … 0.239); without one where it is known exactly."""
    value, low, high = (f"{number:.{digits}f}" for number in (figure.value, figure.low, figure.high))
    return value if low == high == value else f"{value} ({low} … {high})"
