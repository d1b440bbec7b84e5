"""The first page: do the cameras work, how late are the answers, what leaves the house."""

from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard

from monitoring.grafana.page import CAMERA, SITE, Panels, Section, page
from monitoring.grafana.panels import Limits, Query, figure, lines
from monitoring.grafana.queries import QUANTILES, quantile, rate

_CAMERAS: Final = 'site=~"$site", camera=~"$camera"'
_EDGES: Final = 'job="penumbra-edge", site=~"$site"'
_AT_HOME: Final = rate("penumbra_received_bytes_total", f'{_EDGES}, side="private", topic="penumbra/frames"')
_AS_JPEG: Final = rate("penumbra_as_jpeg_bytes_total", _CAMERAS)
_OUT: Final = rate("penumbra_cloud_bytes_total", _CAMERAS)
_NOT_READY: Final = (
    'sum(1 - (penumbra_ready{site=~"$site"} or up{job=~"penumbra-.+", site=~"$site"})) or vector(0)'
)


def overview() -> Dashboard:
    """Make the overview."""
    return page(
        "penumbra-overview",
        "Overview",
        "Whether the cameras work, what leaves the house, and how late the answers are.",
        (SITE, CAMERA),
        Section("Now", (*_whether(), *_how_well())),
        Section("Answers", _answers()),
        Section("Latency", _latency()),
        Section("Bytes", _bytes()),
    )


def _whether() -> Panels:
    return (
        figure(
            "Cameras",
            "Cameras that deliver pictures now, of all that are known.",
            "none",
            Query(f"sum(penumbra_source_up{{{_CAMERAS}}})", "running"),
            Query(f"count(penumbra_source_up{{{_CAMERAS}}})", "known"),
        ),
        figure(
            "Alarms",
            "Alert rules that fire now; the runbook is docs/monitoring.md.",
            "none",
            Query('count(ALERTS{alertname=~"Penumbra.+", alertstate="firing"}) or vector(0)', "alarms"),
            limits=Limits(bad=1),
        ),
        figure(
            "Nodes not ready",
            "Nodes that do not answer, or of which a check has failed.",
            "none",
            Query(_NOT_READY, "not ready"),
            limits=Limits(bad=1),
        ),
    )


def _how_well() -> Panels:
    return (
        figure(
            "Frame age, p95",
            "From capture to the answer at home: 19 of 20 answers are younger.",
            "s",
            Query(quantile(0.95, "penumbra_answer_age_seconds", _CAMERAS), "p95"),
            limits=Limits(1, 2),
        ),
        figure("Leaves the house", "Features that cross to the cloud.", "Bps", Query(_OUT, "to the cloud")),
        figure(
            "Saved",
            "How many times as much would leave if the pictures did, as JPEG.",
            "suffix: ×",
            Query(f"{_AS_JPEG} / {_OUT}", "times less"),
        ),
    )


def _answers() -> Panels:
    return (
        lines(
            "Answers by camera",
            "Frames that were answered; a frame that was held back is no answer.",
            "cps",
            Query(
                rate("penumbra_answers_total", f'{_CAMERAS}, outcome="answered"', "site", "camera"),
                "{{site}} {{camera}}",
            ),
        ),
        lines(
            "Pictures by camera",
            "Pictures that the cameras gave.",
            "cps",
            Query(rate("penumbra_frames_read_total", _CAMERAS, "site", "camera"), "{{site}} {{camera}}"),
        ),
    )


def _latency() -> Panels:
    age = lines(
        "Frame age",
        "From capture to the answer at home, all cameras together.",
        "s",
        *(Query(quantile(q, "penumbra_answer_age_seconds", _CAMERAS), f"p{q * 100:g}") for q in QUANTILES),
        width=24,
        limits=Limits(bad=2),
    )
    hops = (
        lines(
            f"Latency by hop, p{q * 100:g}",
            "Where the time goes. The analyzer is part of the round trip; camera to edge crosses two clocks.",
            "s",
            Query(quantile(q, "penumbra_hop_seconds", _EDGES, "hop"), "{{hop}}"),
            width=8,
        )
        for q in QUANTILES
    )
    return (age, *hops)


def _bytes() -> Panels:
    return (
        lines(
            "Bytes at home, out, and as JPEG",
            "What the cameras send inside the house; what leaves it; what would leave it as pictures.",
            "Bps",
            Query(_AT_HOME, "at home"),
            Query(_OUT, "out"),
            Query(_AS_JPEG, "as JPEG"),
            logarithmic=True,
        ),
        lines(
            "Out for each byte of JPEG",
            "Above 1 the numbers that leave cost more than the pictures would.",
            "none",
            Query(
                f"site_camera:penumbra_cloud_bytes:per_jpeg_byte_rate5m{{{_CAMERAS}}}", "{{site}} {{camera}}"
            ),
            limits=Limits(0.5, 1),
        ),
    )
