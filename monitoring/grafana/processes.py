"""What a node costs its host, the same for every kind of node."""

from monitoring.grafana.page import Panels
from monitoring.grafana.panels import Query, lines
from monitoring.grafana.queries import rate


def costs(chosen: str, *, width: int = 8, if_none: str = "") -> Panels:
    """Memory and processor of the nodes that `chosen` matches; `if_none` says why there may be none."""
    named = "{{site}} {{node}}"
    return (
        lines(
            "Memory",
            "Resident.",
            "bytes",
            Query(f"sum by (site, node) (process_resident_memory_bytes{{{chosen}}})", named),
            width=width,
            if_none=if_none,
        ),
        lines(
            "Processor",
            "Cores in use.",
            "none",
            Query(rate("process_cpu_seconds_total", chosen, "site", "node"), named),
            width=width,
            if_none=if_none,
        ),
    )
