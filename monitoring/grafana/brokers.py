"""The brokers, by what they say of themselves: who is connected, what flows, what is dropped."""

from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard

from monitoring.grafana.page import BROKER, SITE, Panels, Section, page
from monitoring.grafana.panels import BAD, GOOD, Limits, Query, Words, figure, lines, rows
from monitoring.grafana.queries import rate, rate_or_none

_CHOSEN: Final = 'job="penumbra-broker", site=~"$site", node=~"$broker"'
_ALL: Final = 'site=~"$site"'
_NAMED: Final = "{{site}} {{side}}"


def brokers() -> Dashboard:
    """Make the page of the brokers."""
    return page(
        "penumbra-brokers",
        "Brokers",
        "Who is connected to each broker, what flows through it, and what it drops.",
        (SITE, BROKER),
        Section("Now", _now()),
        Section("Messages", _messages()),
        Section("Room", _room()),
        Section("As the nodes see it", (*_links(), *_refusals())),
    )


def _each(metric: str) -> Query:
    return Query(f"max by (site, side) ({metric}{{{_CHOSEN}}})", _NAMED)


def _rate(metric: str, legend: str = _NAMED) -> Query:
    return Query(rate(metric, _CHOSEN, "site", "side"), legend)


def _now() -> Panels:
    return (
        figure(
            "Broker",
            "Whether it lets its monitor in.",
            "none",
            _each("penumbra_broker_up"),
            width=6,
            words=(Words(1, "up", GOOD), Words(0, "down", BAD)),
        ),
        figure("Clients", "Connected now.", "none", _each("penumbra_broker_clients"), width=6),
        figure("Up for", "Since it began.", "s", _each("penumbra_broker_uptime_seconds"), width=6),
        figure(
            "Dropped of late",
            "Messages a second, over five minutes, for which a subscriber's queue had no room.",
            "cps",
            Query('site_side:penumbra_broker_messages_dropped:rate5m{site=~"$site"}', _NAMED),
            width=6,
            limits=Limits(bad=0.001),
        ),
    )


def _messages() -> Panels:
    return (
        lines(
            "Messages",
            "In from publishers, out to subscribers.",
            "cps",
            _rate("penumbra_broker_messages_received_total", f"{_NAMED} in"),
            _rate("penumbra_broker_messages_sent_total", f"{_NAMED} out"),
        ),
        lines(
            "Bytes",
            "In and out, headers and all.",
            "Bps",
            _rate("penumbra_broker_received_bytes_total", f"{_NAMED} in"),
            _rate("penumbra_broker_sent_bytes_total", f"{_NAMED} out"),
        ),
        lines(
            "Dropped",
            "Messages lost because a subscriber was too slow for its queue.",
            "cps",
            _rate("penumbra_broker_messages_dropped_total"),
            width=24,
            limits=Limits(bad=0.001),
        ),
    )


def _room() -> Panels:
    return (
        lines(
            "Messages in memory",
            "Waiting for a subscriber, or retained for those who come later.",
            "none",
            _each("penumbra_broker_stored_messages"),
            width=8,
        ),
        lines(
            "Bytes in memory", "Of those messages.", "bytes", _each("penumbra_broker_stored_bytes"), width=8
        ),
        lines(
            "Subscriptions and retained messages",
            "Both grow with the nodes, and with nothing else.",
            "none",
            Query(
                f"max by (site, side) (penumbra_broker_subscriptions{{{_CHOSEN}}})", f"{_NAMED} subscriptions"
            ),
            Query(
                f"max by (site, side) (penumbra_broker_retained_messages{{{_CHOSEN}}})", f"{_NAMED} retained"
            ),
            width=8,
        ),
    )


def _links() -> Panels:
    return (
        lines(
            "Links made",
            "Times that nodes connected; a broker that restarts, or a bad network, shows here.",
            "none",
            Query(
                'sum by (site, side) (increase(penumbra_link_connects_total{site=~"$site"}'
                "[$__rate_interval]))",
                _NAMED,
            ),
            width=8,
        ),
    )


def _refusals() -> Panels:
    columns = {"site": "site", "side": "side", "version": "version"}
    return (
        lines(
            "Not let in",
            "Messages that a node refused: malformed, too large, unknown.",
            "cps",
            Query(
                rate_or_none("penumbra_messages_refused_total", _ALL, "topic", "reason"),
                "{{topic}} {{reason}}",
            ),
            width=8,
        ),
        rows(
            "Versions",
            "As the brokers say.",
            f"penumbra_broker_info{{{_CHOSEN}}}",
            columns,
            width=8,
        ),
    )
