"""An extractor spread over helpers: is it placed, what has each helper seen, how quick is it, what fails."""

from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard

from monitoring.grafana.page import EDGE, SITE, Panels, Section, page
from monitoring.grafana.panels import BAD, GOOD, Limits, Query, Words, bars, figure, lines
from monitoring.grafana.processes import costs
from monitoring.grafana.queries import quantile, rate, rate_or_none

_EDGE: Final = 'job="penumbra-edge", site=~"$site", node=~"$edge"'
_HELPER: Final = 'job="penumbra-helper", site=~"$site"'
_NODE: Final = "{{site}} {{node}}"
_HELD_BY: Final = "{{site}} {{helper}}"
_NOT_SPREAD: Final = "no edge spreads its extractor"
_NO_HELPER: Final = "no helper is asked"
_SPREADING: Final = f"on (site, node) penumbra_placement_state{{{_EDGE}}}"


def helpers() -> Dashboard:
    """Make the page of the helpers."""
    return page(
        "penumbra-helpers",
        "Helpers",
        "An extractor that is spread over helping devices: who holds what, how quick it is, what goes wrong.",
        (SITE, EDGE),
        Section("Now", (*_placement(), *_replanning())),
        Section("Feature maps", _maps()),
        Section("Layers and bytes", _work()),
        Section("Trouble", _trouble()),
        Section(
            "The helpers themselves", (*_there(), *_doing(), *costs(_HELPER, width=6, if_none=_NO_HELPER))
        ),
    )


def _placement() -> Panels:
    placed = f'max by (site, node) (penumbra_placement_state{{{_EDGE}, state="placed"}})'
    return (
        figure(
            "Placement",
            "Whether the helpers that are there may hold all feature maps; if not, every frame is held back.",
            "none",
            Query(placed, _NODE),
            width=6,
            words=(Words(1, "placed", GOOD), Words(0, "too few helpers", BAD)),
            if_none=_NOT_SPREAD,
        ),
        figure(
            "Helpers there",
            "Those that have announced themselves and not left.",
            "none",
            Query(f"max by (site, node) (penumbra_helpers_present{{{_EDGE}}} and {_SPREADING})", _NODE),
            width=6,
            if_none=_NOT_SPREAD,
        ),
    )


def _replanning() -> Panels:
    return (
        figure(
            "Layers of a picture, expected",
            "What the planner expects them to take with the placement in use.",
            "s",
            Query(
                f"max by (site, node) (penumbra_placement_expected_seconds{{{_EDGE}}} and {_SPREADING})",
                _NODE,
            ),
            width=6,
            if_none=_NOT_SPREAD,
        ),
        figure(
            "Handed out again",
            "Layers a frame, over five minutes, for whose maps others had to stand in.",
            "none",
            Query(
                "site_node:penumbra_layers_replanned:per_frame_rate5m"
                f'{{site=~"$site", node=~"$edge"}} and {_SPREADING}',
                _NODE,
            ),
            width=6,
            limits=Limits(0.01, 0.05),
            if_none=_NOT_SPREAD,
        ),
    )


def _maps() -> Panels:
    return (
        bars(
            "Ever seen, of the cap",
            "Different maps that a helper ever received, in the layer where it is nearest to the cap.",
            "percentunit",
            Query(
                f"max by (site, helper) (penumbra_helper_maps_seen{{{_EDGE}}} / on (site, node, layer) "
                f"group_left () (penumbra_helper_maps_cap{{{_EDGE}}} > 0))",
                _HELD_BY,
            ),
            if_none=_NOT_SPREAD,
        ),
        lines(
            "Held now",
            "Feature maps of a frame that each helper is given, all layers together.",
            "none",
            Query(f"sum by (site, helper) (penumbra_helper_maps{{{_EDGE}}})", _HELD_BY),
            if_none=_NOT_SPREAD,
        ),
    )


def _work() -> Panels:
    return (
        lines(
            "A layer's maps, there and back, p95",
            "From handing them to a helper to its partial output.",
            "s",
            Query(quantile(0.95, "penumbra_helper_seconds", _EDGE, "site", "helper"), _HELD_BY),
            width=8,
            if_none=_NOT_SPREAD,
        ),
        lines(
            "Sent to helpers",
            "Weights, once, and feature maps, with each frame.",
            "Bps",
            Query(rate("penumbra_helper_sent_bytes_total", _EDGE, "site", "helper"), _HELD_BY),
            width=8,
            if_none=_NOT_SPREAD,
        ),
        lines(
            "Received from helpers",
            "Partial outputs.",
            "Bps",
            Query(rate("penumbra_helper_received_bytes_total", _EDGE, "site", "helper"), _HELD_BY),
            width=8,
            if_none=_NOT_SPREAD,
        ),
    )


def _trouble() -> Panels:
    return (
        lines(
            "Nothing usable, by helper and reason",
            "Times that a helper was late, gone or wrong; others stand in for it.",
            "cps",
            Query(
                rate_or_none("penumbra_helper_failures_total", _EDGE, "helper", "reason"),
                "{{helper}} {{reason}}",
            ),
            width=8,
        ),
        lines(
            "Partial outputs not used",
            "They came too late, or from somebody who was not asked.",
            "cps",
            Query(rate_or_none("penumbra_helper_partials_refused_total", _EDGE, "reason"), "{{reason}}"),
            width=8,
        ),
        lines(
            "Plans",
            "Placements that were planned, and attempts that failed: too few helpers, or too little room.",
            "cps",
            Query(rate_or_none("penumbra_placements_total", _EDGE, "outcome"), "{{outcome}}"),
            width=8,
        ),
    )


def _there() -> Panels:
    return (
        figure(
            "Ready",
            "Whether each helper answers and none of its checks has failed.",
            "none",
            Query(f"min by (site, node) (penumbra_ready{{{_HELPER}}})", _NODE),
            width=12,
            words=(Words(1, "ready", GOOD), Words(0, "not ready", BAD)),
            if_none=_NO_HELPER,
        ),
        figure(
            "Weights kept",
            "Slices of layers that a helper was sent.",
            "bytes",
            Query(f"max by (site, node) (penumbra_weights_bytes{{{_HELPER}}})", _NODE),
            width=12,
            if_none=_NO_HELPER,
        ),
    )


def _doing() -> Panels:
    return (
        lines(
            "Work, by outcome",
            "Pieces of layers that were computed, or refused.",
            "cps",
            Query(rate("penumbra_work_total", _HELPER, "outcome"), "{{outcome}}"),
            width=6,
            if_none=_NO_HELPER,
        ),
        lines(
            "One piece of work, p95",
            "Time to compute it, as the helper itself measures.",
            "s",
            Query(quantile(0.95, "penumbra_work_seconds", _HELPER, "site", "node"), _NODE),
            width=6,
            if_none=_NO_HELPER,
        ),
    )
