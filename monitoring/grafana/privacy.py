"""The edge: what leaves, what that costs in privacy, what is left of the budget, what was held back."""

from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard

from monitoring.grafana.page import CAMERA, EDGE, SITE, Panels, Section, page
from monitoring.grafana.panels import Limits, Query, bars, figure, lines, rows
from monitoring.grafana.processes import costs
from monitoring.grafana.queries import or_none, rate, rate_or_none

_EDGE: Final = 'job="penumbra-edge", site=~"$site", node=~"$edge"'
_CHOSEN: Final = f'{_EDGE}, camera=~"$camera"'
_NAMED: Final = "{{site}} {{camera}}"
_NO_NOISE: Final = "no noise: nothing is promised"
_NO_BUDGET: Final = "no limit is set"
_NO_CERTIFICATE: Final = "no certificate"


def privacy() -> Dashboard:
    """Make the page of the edge and of privacy."""
    return page(
        "penumbra-privacy",
        "Edge and privacy",
        "What leaves the house, what it costs in privacy, and what the edge held back.",
        (SITE, EDGE, CAMERA),
        Section("What leaves", _leaves()),
        Section("Privacy loss", (*_epsilon(), *_budget(), *_releases())),
        Section("The gate", (*_gate(), *_found())),
        Section("The edge itself", (*_checks(), *_load(), *_host())),
    )


def _leaves() -> Panels:
    columns = {
        "site": "site",
        "node": "edge",
        "name": "bundle",
        "kind": "what leaves",
        "task": "question",
        "noise": "noise",
    }
    return (
        rows(
            "Extractor",
            "What turns a picture into what may leave, and the question it still answers.",
            f"penumbra_extractor_info{{{_EDGE}}}",
            columns,
            width=12,
        ),
        bars(
            "Certificate",
            "What the strongest attack reached, beside guessing (chance, floor, ceiling).",
            "none",
            Query(f"max by (figure) (penumbra_certificate_figure{{{_EDGE}}})", "{{figure}}"),
            if_none=_NO_CERTIFICATE,
        ),
    )


def _epsilon() -> Panels:
    return (
        figure(
            "ε of a message, joint",
            "Privacy loss of the last message, all its numbers together: what the budget counts.",
            "none",
            Query(f"max by (site, camera) (penumbra_epsilon_joint{{{_CHOSEN}}})", _NAMED),
            width=6,
            if_none=_NO_NOISE,
            height=8,
        ),
        figure(
            "ε of one number",
            "Privacy loss of one number by itself, as papers often give it; the joint one is another matter.",
            "none",
            Query(f"max by (site, camera) (penumbra_epsilon_per_coordinate{{{_CHOSEN}}})", _NAMED),
            width=6,
            if_none=_NO_NOISE,
            height=8,
        ),
    )


def _budget() -> Panels:
    return (
        bars(
            "Budget spent, of each window's limit",
            "Sum of the joint ε of all that left in this minute, hour or day (UTC), as a share of its limit.",
            "percentunit",
            Query(
                "site_node_camera_window:penumbra_budget_spent:ratio"
                '{site=~"$site", node=~"$edge", camera=~"$camera"}',
                "{{site}} {{camera}} {{window}}",
            ),
            limits=Limits(0.75, 0.9),
            if_none=_NO_BUDGET,
        ),
        lines(
            "Budget spent",
            "Sum of the joint ε in the current window; it falls to nothing when the next one begins.",
            "none",
            Query(
                or_none(f"max by (site, camera, window) (penumbra_budget_spent{{{_CHOSEN}}})", "window"),
                "{{site}} {{camera}} {{window}}",
            ),
        ),
    )


def _releases() -> Panels:
    return (
        lines(
            "Releases",
            "Fresh: noise drawn anew. Repeated: the same value again, at no cost. Widened: more noise.",
            "cps",
            Query(rate_or_none("penumbra_releases_total", _CHOSEN, "kind"), "{{kind}}"),
        ),
    )


def _gate() -> Panels:
    return (
        lines(
            "Held back, by reason",
            "Frames of which nothing left: the gate fails closed.",
            "cps",
            Query(rate_or_none("penumbra_gate_refusals_total", _CHOSEN, "reason"), "{{reason}}"),
        ),
    )


def _found() -> Panels:
    return (
        lines(
            "Regions",
            "Faces, say, that were found and answered.",
            "cps",
            Query(rate("penumbra_regions_total", _CHOSEN, "site", "camera"), _NAMED),
            width=6,
        ),
        lines(
            "Detections",
            "Looked: the detector saw the picture. Spared: the picture had not changed.",
            "cps",
            Query(rate("penumbra_detections_total", _EDGE, "outcome"), "{{outcome}}"),
            width=6,
        ),
    )


def _checks() -> Panels:
    columns = {"site": "site", "node": "edge", "check": "check", "state": "state"}
    return (
        rows(
            "Checks",
            "What /readyz says: degraded goes on without it, failed cannot.",
            f"penumbra_check_state{{{_EDGE}}} == 1",
            columns,
            width=8,
        ),
    )


def _load() -> Panels:
    return (
        lines(
            "Waiting and under way",
            "Frames in the edge's queue, and features whose result has not come home yet.",
            "none",
            Query(f"sum by (site, node) (penumbra_queue_length{{{_EDGE}}})", "{{site}} {{node}} waiting"),
            Query(f"sum by (site, node) (penumbra_in_flight{{{_CHOSEN}}})", "{{site}} {{node}} under way"),
            width=8,
        ),
        lines(
            "Clock offset",
            "How far the analyzer's clock is from the edge's; ages that cross both are off by it.",
            "s",
            Query(
                f"max by (site, node, peer) (abs(penumbra_clock_offset_seconds{{{_EDGE}}}))",
                "{{site}} {{node}} to {{peer}}",
            ),
            width=8,
            limits=Limits(bad=0.25),
        ),
    )


def _host() -> Panels:
    return (
        lines(
            "Links",
            "1 while the link to a broker stands.",
            "none",
            Query(f"min by (site, node, side) (penumbra_link_up{{{_EDGE}}})", "{{site}} {{node}} {{side}}"),
            width=8,
        ),
        *costs(_EDGE),
    )
