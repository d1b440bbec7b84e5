"""Measures the solvers against each other: gaps to the best, time to decide, and Section III anew."""

import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from privacy_lab.placement.collusion import CollusionAttacked
from privacy_lab.placement.simulator import PERIOD
from privacy_lab.placement.study_beside import beside_published
from privacy_lab.placement.study_extent import THRIFT, Extent
from privacy_lab.placement.study_pieces import Pieces, Watch
from privacy_lab.placement.study_results import Study
from privacy_lab.placement.study_runs import point_pieces, rejection_pieces
from privacy_lab.placement.study_solvers import decision_pieces, gaps_of, solved_pieces


def run_study(
    extent: Extent, folder: Path, watch: Watch, collusion: Sequence[CollusionAttacked] = ()
) -> Study:
    """Measure everything; many minutes, of which a second call with the same folder repeats none.

    Args:
        extent: How much to try.
        folder: Where finished pieces are kept.
        watch: Is told how far it is.
        collusion: What attacks on helpers who collude found, to stand on the page.

    Raises:
        BadData: The folder cannot be written.
    """
    solved, decisions = solved_pieces(extent), decision_pieces(extent)
    rejections, points = rejection_pieces(extent), point_pieces(extent)
    pieces = Pieces(folder, watch, len(solved) + len(decisions) + len(rejections) + len(points))
    found = pieces.all(solved)
    return Study(
        made_by=f"penumbra {version('penumbra')}, scipy {version('scipy')}, numpy {version('numpy')}",
        machine=platform.machine(),
        seed=extent.seed,
        requests=extent.requests,
        instances=extent.instances,
        period_seconds=PERIOD,
        thrift=THRIFT,
        gaps=gaps_of(found),
        unsolved=sum(not one.proved for one in found),
        decisions=pieces.all(decisions),
        rejections=pieces.all(rejections),
        points=pieces.all(points),
        beside=beside_published(),
        collusion=tuple(collusion),
    )
