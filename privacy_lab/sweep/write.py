"""Write what a folder of finished work holds: `differential-privacy.json`, its page, plots and grids."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from privacy_lab.errors import BadData
from privacy_lab.sweep.grids import grids_of
from privacy_lab.sweep.page import markdown
from privacy_lab.sweep.plots import plots_of
from privacy_lab.sweep.results import encode_results, gather
from privacy_lab.sweep.units import Units

_NAME: Final = "differential-privacy"


def write_report(folder: Path, out: Path, called: Mapping[str, str]) -> tuple[Path, ...]:
    """Write the page of everything that is finished in `folder` into `out`; give the files.

    Args:
        folder: Of a sweep.
        out: Where page, numbers and pictures go.
        called: How papers call each data set.

    Raises:
        BadData: nothing is finished, or `out` cannot be written.
    """
    results = gather(folder, called)
    if not results.points and not results.stills:
        raise BadData(f"{folder}: holds no finished points to write about. Run penumbra lab sweep first")
    plots, grids = plots_of(results), dict(grids_of(results, Units(folder)))
    files: dict[str, bytes] = {
        f"{_NAME}.json": encode_results(results),
        f"{_NAME}.md": markdown(results, tuple(plots), tuple(grids)).encode(),
    }
    files |= {f"privacy-{name}.svg": svg.encode() for name, svg in plots.items()}
    files |= {f"privacy-{name}.png": png for name, png in grids.items()}
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            (out / name).write_bytes(data)
    except OSError as error:
        raise BadData(f"{out}: cannot be written: {error.strerror}") from error
    return tuple(out / name for name in files)
