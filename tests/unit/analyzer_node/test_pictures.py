"""Censored pictures are read by a real picture bundle; what is no picture is refused, not fatal."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from analyzer_node.jobs import close_job, fill_from_network, missing_payloads, open_job
from analyzer_node.networks import NetworkThread, load_networks
from analyzer_node.tally import Counts
from broker.features import Features
from broker.results import Result
from tests.unit.analyzer_node.parts import NOW_NS, some_features, toy_picture_bundle


def a_jpeg(level: int, width: int = 40, height: int = 30) -> bytes:
    ok, jpeg = cv2.imencode(".jpg", np.full((height, width, 3), level, np.uint8))
    assert ok
    return bytes(jpeg)


def claiming(jpeg: bytes, width: int, height: int) -> bytes:
    """The same JPEG with other dimensions in its header."""
    place = jpeg.index(b"\xff\xc0") + 5
    return jpeg[:place] + height.to_bytes(2, "big") + width.to_bytes(2, "big") + jpeg[place + 4 :]


async def answer(folder: Path, *jpegs: bytes) -> list[Result]:
    manifest = toy_picture_bundle(folder / "pictures")
    networks = load_networks([folder / "pictures"])
    asked: list[Features] = [
        some_features(n, jpeg, kind="picture", bundle=manifest.bundle_id) for n, jpeg in enumerate(jpegs)
    ]
    jobs = [open_job(features, networks) for features in asked]
    async with NetworkThread(max_batch=8, tally=Counts()) as thread:
        for bundle, payloads in missing_payloads(jobs).items():
            fill_from_network(jobs, await thread.solve(networks[bundle], payloads))
    return [close_job(job, received_ns=NOW_NS, answered_ns=NOW_NS) for job in jobs]


async def test_a_picture_is_answered_with_one_label(tmp_path: Path) -> None:
    results = await answer(tmp_path, a_jpeg(250), a_jpeg(5), a_jpeg(250, 8, 8), a_jpeg(5, 900, 20))
    assert [[region.label for region in result.regions] for result in results] == [
        ["light"],
        ["dark"],
        ["light"],
        ["dark"],
    ]


@pytest.mark.parametrize(
    "bad",
    [
        b"no picture",
        b"\xff\xd8",
        a_jpeg(250)[:60],
        b"\x89PNG\r\n\x1a\n" + b"0" * 50,
        claiming(a_jpeg(250), 65_535, 65_535),
        claiming(a_jpeg(250), 0, 0),
    ],
)
async def test_what_is_no_picture_is_refused_and_its_batch_answered(tmp_path: Path, bad: bytes) -> None:
    results = await answer(tmp_path, a_jpeg(250), bad, a_jpeg(5))
    assert [result.refused for result in results] == ["", "bad-payload", ""]
