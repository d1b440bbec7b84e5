"""The kinds of panel that the dashboards are made of: one query language, one look, none without a unit."""

from typing import Final, NamedTuple

from grafana_foundation_sdk.builders import (
    bargauge,
    common,
    dashboard,
    prometheus,
    stat,
    statetimeline,
    table,
)
from grafana_foundation_sdk.builders import timeseries as series
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.common import (
    BarGaugeDisplayMode,
    BigValueColorMode,
    BigValueGraphMode,
    GraphThresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    ScaleDistribution,
    TooltipDisplayMode,
    VisibilityMode,
    VizOrientation,
)
from grafana_foundation_sdk.models.dashboard import (
    DataSourceRef,
    DataTransformerConfig,
    Panel,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMapping,
    ValueMappingResult,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

SOURCE: Final = DataSourceRef(type_val="prometheus", uid="${datasource}")
GOOD: Final = "green"
DOUBTFUL: Final = "orange"
BAD: Final = "red"
_HEIGHT: Final = 8
_FIGURE_HEIGHT: Final = 4


class Query(NamedTuple):
    """A PromQL expression, and how its series are called; `{{label}}` names what tells them apart."""

    expr: str
    legend: str


class Limits(NamedTuple):
    """Where a value begins to be doubtful and bad; None for never."""

    doubtful: float | None = None
    bad: float | None = None


class Words(NamedTuple):
    """A value that is shown as a word, in a colour."""

    value: int
    text: str
    color: str


def lines(
    title: str,
    description: str,
    unit: str,
    *queries: Query,
    width: int = 12,
    limits: Limits | None = None,
    logarithmic: bool = False,
    if_none: str = "",
) -> Builder[Panel]:
    """Values over time; `if_none` says why there may be none."""
    panel = (
        series.Panel()
        .title(title)
        .description(description)
        .unit(unit)
        .datasource(SOURCE)
        .span(width)
        .height(_HEIGHT)
        .min(0)
        .fill_opacity(8)
        .show_points(VisibilityMode.NEVER)
        .tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI))
        .legend(_legend())
        .targets([_target(letter, query) for letter, query in _lettered(queries)])
    )
    if limits is not None:
        panel = panel.thresholds(_thresholds(limits)).thresholds_style(_dashed())
    panel = panel.no_value(if_none) if if_none else panel
    # From 1 on: a byte a second is as good as nothing, and 0 has no place on such a scale.
    return panel.scale_distribution(_logarithmic()).min(1) if logarithmic else panel


def figure(
    title: str,
    description: str,
    unit: str,
    *queries: Query,
    width: int = 4,
    limits: Limits | None = None,
    words: tuple[Words, ...] = (),
    if_none: str = "",
    height: int = _FIGURE_HEIGHT,
) -> Builder[Panel]:
    """One large number as it is now, coloured where it has limits; `if_none` says why there may be none."""
    panel = (
        stat.Panel()
        .title(title)
        .description(description)
        .unit(unit)
        .datasource(SOURCE)
        .span(width)
        .height(height)
        .color_mode(BigValueColorMode.VALUE if limits or words else BigValueColorMode.NONE)
        .graph_mode(BigValueGraphMode.NONE)
        .reduce_options(_last())
        .thresholds(_thresholds(limits or Limits()))
        .targets([_target(letter, query, instant=True) for letter, query in _lettered(queries)])
    )
    if words:
        panel = panel.mappings([_mapping(words)])
    return panel.no_value(if_none) if if_none else panel


def bars(
    title: str,
    description: str,
    unit: str,
    query: Query,
    *,
    width: int = 12,
    most: float = 1.0,
    limits: Limits | None = None,
    if_none: str = "",
) -> Builder[Panel]:
    """Shares of a whole as they are now, side by side."""
    panel = (
        bargauge.Panel()
        .title(title)
        .description(description)
        .unit(unit)
        .datasource(SOURCE)
        .span(width)
        .height(_HEIGHT)
        .min(0)
        .max(most)
        .orientation(VizOrientation.HORIZONTAL)
        .display_mode(BarGaugeDisplayMode.BASIC)
        .reduce_options(_last())
        .thresholds(_thresholds(limits or Limits()))
        .targets([_target("A", query, instant=True)])
    )
    return panel.no_value(if_none) if if_none else panel


def states(
    title: str, description: str, query: Query, words: tuple[Words, ...], *, width: int = 24
) -> Builder[Panel]:
    """One band a series over time, its values shown as words."""
    return (
        statetimeline.Panel()
        .title(title)
        .description(description)
        .unit("none")
        .datasource(SOURCE)
        .span(width)
        .height(_HEIGHT)
        .show_value(VisibilityMode.AUTO)
        .row_height(0.8)
        .mappings([_mapping(words)])
        .targets([_target("A", query)])
    )


def rows(
    title: str, description: str, expr: str, columns: dict[str, str], *, width: int = 24
) -> Builder[Panel]:
    """A table of labels as they are now; `columns` gives the labels to show, in order, and their headings."""
    query = Query(expr, " ".join(f"{{{{{label}}}}}" for label in columns))
    order: dict[str, object] = {
        "includeByName": dict.fromkeys(columns, True),
        "indexByName": {label: place for place, label in enumerate(columns)},
        "renameByName": columns,
    }
    return (
        table.Panel()
        .title(title)
        .description(description)
        .unit("none")
        .datasource(SOURCE)
        .span(width)
        .height(_HEIGHT)
        .with_transformation(DataTransformerConfig(id_val="organize", options=order))
        .targets([_target("A", query, instant=True).format(PromQueryFormat.TABLE)])
    )


def _legend() -> common.VizLegendOptions:
    """Below the lines, each with its last and its largest value."""
    return (
        common.VizLegendOptions()
        .display_mode(LegendDisplayMode.TABLE)
        .placement(LegendPlacement.BOTTOM)
        .show_legend(True)
        .calcs(["lastNotNull", "max"])
    )


def _dashed() -> common.GraphThresholdsStyleConfig:
    return common.GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED)


def _logarithmic() -> common.ScaleDistributionConfig:
    return common.ScaleDistributionConfig().type(ScaleDistribution.LOG).log(10)


def _lettered(queries: tuple[Query, ...]) -> list[tuple[str, Query]]:
    return [(chr(ord("A") + number), query) for number, query in enumerate(queries)]


def _target(letter: str, query: Query, *, instant: bool = False) -> prometheus.Dataquery:
    target = prometheus.Dataquery().ref_id(letter).expr(query.expr).legend_format(query.legend)
    return target.datasource(SOURCE).instant() if instant else target.datasource(SOURCE).range()


def _last() -> common.ReduceDataOptions:
    return common.ReduceDataOptions().calcs(["lastNotNull"]).values(False)


def _thresholds(limits: Limits) -> dashboard.ThresholdsConfig:
    steps = [Threshold(value=None, color=GOOD)]
    steps += [
        Threshold(value=value, color=color)
        for value, color in ((limits.doubtful, DOUBTFUL), (limits.bad, BAD))
        if value is not None
    ]
    return dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)


def _mapping(words: tuple[Words, ...]) -> ValueMapping:
    results = {
        str(word.value): ValueMappingResult(text=word.text, color=word.color, index=index)
        for index, word in enumerate(words)
    }
    return ValueMap(options=results)
