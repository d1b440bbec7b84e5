"""What all dashboards share: the data source, the variables, the links to each other."""

from typing import Final, NamedTuple

from grafana_foundation_sdk.builders.dashboard import (
    Dashboard,
    DashboardLink,
    DatasourceVariable,
    QueryVariable,
    Row,
)
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as model

from monitoring.grafana.panels import SOURCE

TAG: Final = "penumbra"


class Variable(NamedTuple):
    """A choice at the top of a page: a label's values, as one metric has them.

    Links carry choices from page to page by name, so edges, analyzers and brokers each have their own.
    """

    name: str
    heading: str
    metric: str
    label: str


SITE: Final = Variable("site", "Site", "penumbra_ready", "site")
CAMERA: Final = Variable("camera", "Camera", 'penumbra_source_up{site=~"$site"}', "camera")
EDGE: Final = Variable("edge", "Edge", 'penumbra_ready{job="penumbra-edge", site=~"$site"}', "node")
ANALYZER: Final = Variable(
    "analyzer", "Analyzer", 'penumbra_ready{job="penumbra-analyzer", site=~"$site"}', "node"
)
BROKER: Final = Variable("broker", "Broker", 'penumbra_broker_up{site=~"$site"}', "node")


Panels = tuple[Builder[model.Panel], ...]


class Section(NamedTuple):
    """Some panels under one heading."""

    title: str
    panels: Panels


def page(
    uid: str, title: str, description: str, variables: tuple[Variable, ...], *sections: Section
) -> Dashboard:
    """Put a dashboard together, with a link to every other that carries the choices along."""
    made = (
        Dashboard(f"Penumbra / {title}")
        .uid(uid)
        .description(description)
        .tags([TAG])
        .timezone("browser")
        .refresh("10s")
        .time("now-30m", "now")
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .readonly()
        .with_variable(_source())
        .link(_to_the_others())
    )
    for variable in variables:
        made = made.with_variable(_choice(variable))
    for section in sections:
        made = made.with_row(Row(section.title))
        for panel in section.panels:
            made = made.with_panel(panel)
    return made


def _source() -> DatasourceVariable:
    return DatasourceVariable("datasource").label("Prometheus").type("prometheus")


def _choice(variable: Variable) -> QueryVariable:
    return (
        QueryVariable(variable.name)
        .label(variable.heading)
        .datasource(SOURCE)
        .query(f"label_values({variable.metric}, {variable.label})")
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".*")
        .current(model.VariableOption(selected=True, text="All", value="$__all"))
    )


def _to_the_others() -> DashboardLink:
    return (
        DashboardLink("Penumbra")
        .type(model.DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .as_dropdown(False)
        .include_vars(True)
        .keep_time(True)
    )
