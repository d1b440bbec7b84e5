"""The certificate as one HTML page for people: nothing is fetched, and nothing but the page is needed."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import cv2
import jinja2
from markupsafe import Markup

from models.certificate import Attack, Certificate, Figure
from privacy_lab.certify.attack_words import attack_name, attacker_knows, figure_name
from privacy_lab.certify.chart import curves_svg
from privacy_lab.certify.facts import PageFacts, Pictures
from privacy_lab.certify.wording import headline, lead, said

_SIDES: Final = {
    "extractor": "the edge's half",
    "whole": "the whole network",
    "whole_torch": "the whole network in torch",
}
_FIRST: Final = (
    *("ssim", "ssim_over_floor", "psnr", "mse"),
    *("rank1", "rank1/chance", "rank5", "nn1", "accuracy", "accuracy/chance"),
)
_FIRST_OF_RANKS: Final = ("privacy", "ceiling", "rank1", "accuracy")
_DIGITS: Final = {"psnr": 1}


@dataclass(frozen=True, slots=True)
class _Strip:
    name: str
    note: str
    images: tuple[str, ...]
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class _CostRow:
    name: str
    load: Figure
    resident: Figure
    each: Figure
    process_load: Figure
    process_resident: Figure


@dataclass(frozen=True, slots=True)
class _AttackRow:
    name: str
    knows: str
    figures: tuple[tuple[str, Figure, int], ...]
    """What each is called, and with how many digits it is shown."""


def render_page(facts: PageFacts) -> str:
    """Give the page as HTML text; its pictures are inside it."""
    certificate = facts.certificate
    ceiling = certificate.rank_privacy_ceiling
    return _environment().get_template("certificate.html.j2").render(
        facts=facts,
        certificate=certificate,
        figures=_figures(certificate),
        over_floor=certificate.ssim_over_floor,
        headline=headline(facts),
        lead=lead(facts),
        said=said(facts),
        strips=_strips(facts),
        # The only mark-up that is not the template's own; matplotlib escapes the names in it.
        chart=Markup(curves_svg(facts.curves, ceiling)) if facts.curves else "",  # noqa: S704
        costs=_costs(certificate),
        rebuilt=_attacks(certificate.attacks, "reconstruction"),
        recognised=_attacks(certificate.attacks, "identity"),
        called=attack_name,
    )  # fmt: skip


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("privacy_lab.certify", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
    )
    environment.filters |= {
        "fixed": _fixed,
        "signed": lambda value: _sign(value) + _fixed(abs(value), 3),
        "percent": lambda figure: f"{100 * figure.value:.1f} %",
        "percent_interval": lambda figure: f"{100 * figure.low:.1f} to {100 * figure.high:.1f}",
        "interval": _interval,
        "thousands": lambda count: f"{count:,}",
        "milliseconds": _milliseconds,
        "mib": lambda figure, digits: _with_interval(figure, "MiB", digits),
        "ms": lambda figure: _with_interval(figure, "ms", 2),
        "plain": _plain,
    }
    return environment


def _figures(certificate: Certificate) -> dict[str, Figure | None]:
    return {
        name: figure_of(certificate, name)
        for name in certificate.__struct_fields__
        if isinstance(getattr(certificate, name), int | float | None)
    }


def figure_of(certificate: Certificate, name: str) -> Figure | None:
    """Give a top-level figure with its interval; None where it was not measured."""
    value = getattr(certificate, name)
    if value is None or name not in certificate.intervals:
        return None
    return Figure(float(value), *certificate.intervals[name])


def _strips(facts: PageFacts) -> tuple[_Strip, ...]:
    if not len(facts.originals):
        return ()
    rows = [("what the house sees", "", facts.originals)]
    rows += [(row.name, row.note, row.pictures) for row in facts.reconstructed]
    return tuple(_strip(name, note, pictures) for name, note, pictures in rows)


def _strip(name: str, note: str, pictures: Pictures) -> _Strip:
    height, width = pictures.shape[1:3]
    return _Strip(name, note, tuple(_data_uri(picture) for picture in pictures), width, height)


def _data_uri(picture: Pictures) -> str:
    _, packed = cv2.imencode(".png", picture[:, :, ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 9])
    return "data:image/png;base64," + base64.b64encode(packed.tobytes()).decode("ascii")


def _costs(certificate: Certificate) -> tuple[_CostRow, ...]:
    return tuple(
        _cost_row(side, name, certificate)
        for side, name in _SIDES.items()
        if getattr(certificate.edge, side) is not None
    )


def _cost_row(side: str, name: str, certificate: Certificate) -> _CostRow:
    cost = getattr(certificate.edge, side)

    def figure(part: str) -> Figure:
        return Figure(getattr(cost, part), *certificate.intervals[f"edge.{side}.{part}"])

    return _CostRow(
        name,
        figure("load_seconds"),
        figure("resident_mib"),
        figure("milliseconds_a_region"),
        figure("process_load_seconds"),
        figure("process_resident_mib"),
    )


def _attacks(attacks: Sequence[Attack], kind: str) -> tuple[_AttackRow, ...]:
    return tuple(
        _AttackRow(attack_name(attack.name), attacker_knows(attack.name), _told(attack))
        for attack in attacks
        if attack.kind == kind
    )


def _told(attack: Attack) -> tuple[tuple[str, Figure, int], ...]:
    """The figures that people are told of, the telling ones first."""
    order = _FIRST_OF_RANKS if "privacy" in attack.figures else _FIRST
    first = [name for name in order if name in attack.figures]
    names = [*first, *(name for name in attack.figures if name not in first)]
    told = ((name, figure_name(attack.name, name)) for name in names)
    return tuple((called, attack.figures[name], _DIGITS.get(name, 3)) for name, called in told if called)


def _fixed(value: float, digits: int) -> str:
    return f"{value:.{digits}f}".replace("-", "−")


def _sign(value: float) -> str:
    return "−" if value < 0 else "+"


def _interval(figure: Figure, digits: int) -> str:
    return f"{_fixed(figure.low, digits)} to {_fixed(figure.high, digits)}"


def _milliseconds(seconds: Figure) -> Markup:
    figure = Figure(1000 * seconds.value, 1000 * seconds.low, 1000 * seconds.high)
    return _with_interval(figure, "ms", 1 if figure.value < 100 else 0)


def _with_interval(figure: Figure, unit: str, digits: int) -> Markup:
    return Markup("{} {} <small>{}</small>").format(
        _fixed(figure.value, digits), unit, _interval(figure, digits)
    )


def _plain(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
