"""Each camera: its state, its pictures, what was dropped and why."""

from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard

from monitoring.grafana.page import CAMERA, SITE, Panels, Section, page
from monitoring.grafana.panels import BAD, DOUBTFUL, GOOD, Limits, Query, Words, lines, states
from monitoring.grafana.queries import quantile, rate, rate_or_none

_CHOSEN: Final = 'site=~"$site", camera=~"$camera"'
_NAMED: Final = "{{site}} {{camera}}"
_STATES: Final = (
    Words(0, "not started", "text"),
    Words(1, "running", GOOD),
    Words(2, "ended", "blue"),
    Words(3, "connecting", DOUBTFUL),
    Words(4, "stalled", BAD),
    Words(5, "frozen", BAD),
    Words(6, "failed", BAD),
)
_STATE: Final = " + ".join(
    f'{word.value} * max by (site, camera) (penumbra_source_state{{{_CHOSEN}, state="{word.text}"}})'
    for word in _STATES[1:]
)


def cameras() -> Dashboard:
    """Make the page of the cameras."""
    return page(
        "penumbra-cameras",
        "Cameras",
        "Each camera: its state, its pictures, how late they are, and what was dropped.",
        (SITE, CAMERA),
        Section("State", (*_state(), *_age())),
        Section("Pictures", (*_pictures(), *_queues())),
        Section("Dropped", (*_dropped(), *_again())),
    )


def _state() -> Panels:
    return (
        states(
            "State",
            "Stalled: open, but no picture comes. Frozen: pictures come, all the same.",
            Query(_STATE, _NAMED),
            _STATES,
        ),
        lines(
            "Opened again",
            "Times that a source broke off and was opened anew.",
            "none",
            Query(
                f"sum by (site, camera) (increase(penumbra_source_reconnects_total{{{_CHOSEN}}}"
                f"[$__rate_interval])) or 0 * max by (site, camera) (penumbra_source_up{{{_CHOSEN}}})",
                _NAMED,
            ),
        ),
    )


def _age() -> Panels:
    return (
        lines(
            "Frame age, p95",
            "From capture to the answer at home.",
            "s",
            Query(quantile(0.95, "penumbra_answer_age_seconds", _CHOSEN, "site", "camera"), _NAMED),
            limits=Limits(bad=2),
        ),
    )


def _pictures() -> Panels:
    return (
        lines(
            "Pictures a second",
            "As the camera itself finds it, of late.",
            "none",
            Query(f"max by (site, camera) (penumbra_source_frames_per_second{{{_CHOSEN}}})", _NAMED),
            width=8,
        ),
        lines(
            "Sent to the edge",
            "Pictures that the private broker took.",
            "cps",
            Query(rate("penumbra_frames_sent_total", _CHOSEN, "site", "camera"), _NAMED),
            width=8,
        ),
    )


def _queues() -> Panels:
    return (
        lines(
            "Waiting at the camera",
            "Pictures in the camera node's bounded queues.",
            "none",
            Query(
                'sum by (site, queue) (penumbra_queue_length{job="penumbra-camera", site=~"$site"})',
                "{{site}} {{queue}}",
            ),
            width=8,
        ),
    )


def _dropped() -> Panels:
    return (
        lines(
            "Share dropped",
            "Of the pictures that were read, over five minutes. Live cameras let older pictures give way.",
            "percentunit",
            Query(f"site_camera:penumbra_frames_dropped:ratio_rate5m{{{_CHOSEN}}}", _NAMED),
            width=8,
            limits=Limits(bad=0.5),
        ),
        lines(
            "Dropped, by reason",
            "At the camera and at the edge; a frame that came twice is no loss.",
            "cps",
            Query(rate_or_none("penumbra_frames_dropped_total", _CHOSEN, "reason"), "{{reason}}"),
            width=8,
        ),
    )


def _again() -> Panels:
    return (
        lines(
            "Sent again",
            "Pictures of replayed files that were sent anew because no answer came home.",
            "cps",
            Query(
                f"{rate('penumbra_frames_retransmitted_total', _CHOSEN, 'site', 'camera')} "
                f"or 0 * max by (site, camera) (penumbra_source_up{{{_CHOSEN}}})",
                _NAMED,
            ),
            width=8,
        ),
    )
