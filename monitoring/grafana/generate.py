"""The dashboards as Grafana reads them: a file name and its JSON each, the same bytes every time."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from monitoring.grafana.analyzers import analyzers
from monitoring.grafana.brokers import brokers
from monitoring.grafana.cameras import cameras
from monitoring.grafana.helpers import helpers
from monitoring.grafana.overview import overview
from monitoring.grafana.privacy import privacy

FOLDER: Final = Path(__file__).parent / "dashboards"


def generated() -> Mapping[str, str]:
    """Make every dashboard; panels are numbered in the order in which they stand."""
    encoder = JSONEncoder(sort_keys=True, indent=2)
    made = {}
    for dashboard in (overview(), cameras(), privacy(), helpers(), analyzers(), brokers()):
        model = dashboard.build()
        for number, panel in enumerate(model.panels or (), start=1):
            panel.id_val = number
        made[f"{model.uid}.json"] = encoder.encode(model) + "\n"
    return made


def write(folder: Path = FOLDER) -> tuple[Path, ...]:
    """Write every dashboard, and take away what is no longer one; returns the files."""
    wanted = {folder / name: text for name, text in generated().items()}
    folder.mkdir(parents=True, exist_ok=True)
    for stale in set(folder.glob("*.json")) - set(wanted):
        stale.unlink()
    for file, text in wanted.items():
        file.write_text(text, encoding="utf-8")
    return tuple(wanted)
