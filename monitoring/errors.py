"""What can go wrong in showing how a node is.

MonitoringError
├── BadTraces        spans cannot be sent where they should go, or not without a library
├── PageRefused      the live page cannot be served as the settings ask
└── TooManyWatchers  as many people as may watch the live page do so already
"""


class MonitoringError(Exception):
    """A page (of metrics, or the live one) cannot be served where, or to whom, it was asked for."""


class BadTraces(MonitoringError):
    """Spans cannot be sent: the address or the ratio is none, or OpenTelemetry is not installed."""


class PageRefused(MonitoringError):
    """The live page cannot be served: the address is none or taken, or asks for a token that is not there."""


class TooManyWatchers(MonitoringError):
    """As many people as may watch the live page do so already."""
