"""Reconstructions side by side, as in the papers' figures: a row a sample, a column an amount of noise."""

from collections.abc import Iterator
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from privacy_lab.sweep.points import DECODED, PUBLISHED, Point
from privacy_lab.sweep.results import Results
from privacy_lab.sweep.units import Units

Pixels = NDArray[np.uint8]

SAMPLES: Final = 5
_TIMES: Final = 2
_GAP: Final = 2
_WHITE: Final = 255


def grids_of(results: Results, units: Units) -> Iterator[tuple[str, bytes]]:
    """Give each grid's name and PNG: the strongest noise on the left, the original on the right."""
    for task in results.tasks():
        for case in results.cases(task):
            groups = results.curve(task, case, "arden")
            for attack in (PUBLISHED, DECODED):
                columns = _columns([group[0] for group in groups], units, attack)
                if columns:
                    yield f"{task}-case{case}-{attack}", _png(columns)


def _columns(points: list[Point], units: Units, attack: str) -> list[Pixels]:
    columns, original = [], None
    for point in points:
        samples = units.samples(point.key)
        if attack in samples and "original" in samples:
            columns.append(samples[attack][:SAMPLES])
            original = samples["original"][:SAMPLES]
    return columns if original is None else [*columns, original]


def _png(columns: list[Pixels]) -> bytes:
    rows = min(map(len, columns))
    _, height, width, _ = columns[0].shape
    sheet = np.full(
        (rows * (height + _GAP) - _GAP, len(columns) * (width + _GAP) - _GAP, 3), _WHITE, np.uint8
    )
    for across, column in enumerate(columns):
        for down in range(rows):
            top, left = down * (height + _GAP), across * (width + _GAP)
            sheet[top : top + height, left : left + width] = column[down]
    larger = sheet.repeat(_TIMES, 0).repeat(_TIMES, 1)
    _, packed = cv2.imencode(".png", larger[:, :, ::-1])
    return bytes(packed)
