"""Write what a folder of finished work holds: `differential-privacy.json`, page and plots; grids apart."""

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
    plots = plots_of(results)
    files: dict[str, bytes] = {
        f"{_NAME}.json": encode_results(results),
        f"{_NAME}.md": markdown(results, tuple(plots)).encode(),
    }
    files |= {f"privacy-{name}.svg": svg.encode() for name, svg in plots.items()}
    return _written(out, files)


def write_grids(folder: Path, out: Path, called: Mapping[str, str]) -> tuple[Path, ...]:
    """Write reconstructions beside their originals into `out`; give the files.

    They show pictures of the data sets, whose terms say where they may go: no page names them.

    Raises:
        BadData: a file of `folder` is damaged, or `out` cannot be written.
    """
    units = Units(folder)
    grids = grids_of(gather(folder, called), units)
    return _written(out, {f"privacy-{name}.png": png for name, png in grids})


def _written(out: Path, files: Mapping[str, bytes]) -> tuple[Path, ...]:
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            (out / name).write_bytes(data)
    except OSError as error:
        raise BadData(f"{out}: cannot be written: {error.strerror}") from error
    return tuple(out / name for name in files)
