"""MonitoringError: the metrics page cannot be served where it was asked for."""


class MonitoringError(Exception):
    """The metrics page cannot be served where it was asked for."""
