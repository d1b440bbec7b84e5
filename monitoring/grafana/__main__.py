"""Writes the dashboards' JSON: `make dashboards`, or `python -m monitoring.grafana`."""

import sys

from monitoring.grafana.generate import write

if __name__ == "__main__":
    for file in write():
        sys.stdout.write(f"{file}\n")
