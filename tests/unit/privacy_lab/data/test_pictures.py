"""Pictures are decoded as they were stored, and refused before they cost memory."""

import struct

import cv2
import numpy as np
import pytest

from models.manifest import InputSpec, RegionSpec
from models.pictures import cut
from privacy_lab.data.dataset import UNKNOWN
from privacy_lab.data.gathering import About, Entry, gather, gather_stack
from privacy_lab.data.pictures import Encoded, Stack, decode
from privacy_lab.data.regions import join, regions_of
from privacy_lab.errors import BadData
from tests.unit.privacy_lab.data.official import noise, ppm

ABOUT = About("made", "here", "none")
INPUT = InputSpec(6, 5, 3, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))


def packed(picture: np.ndarray, suffix: str) -> bytes:
    return cv2.imencode(suffix, picture[:, :, ::-1])[1].tobytes()


@pytest.mark.parametrize("suffix", [".png", ".ppm", ".bmp"])
def test_lossless_kinds_come_out_as_they_went_in(suffix: str) -> None:
    picture = noise(7, 9, 3)
    np.testing.assert_array_equal(decode(packed(picture, suffix), "x"), picture)


def test_a_ppm_with_a_comment_is_read() -> None:
    picture = noise(7, 9, 3)
    with_comment = ppm(picture).replace(b"P6\n", b"P6\n# made by a scanner\n")
    np.testing.assert_array_equal(decode(with_comment, "x"), picture)


@pytest.mark.parametrize("suffix", [".png", ".ppm", ".bmp", ".jpg"])
def test_a_picture_cut_off_is_refused(suffix: str) -> None:
    data = packed(noise(40, 40, 3), suffix)
    with pytest.raises(BadData, match="scan7"):
        decode(data[: len(data) // 2], "scan7")


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"P6 wide high", b"BM", b"\xff\xd8", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(BadData, match="scan7"):
        decode(data, "scan7")


def test_a_picture_of_too_many_pixels_is_refused_by_its_header() -> None:
    data = bytearray(packed(noise(4, 4, 3), ".png"))
    data[16:24] = struct.pack(">II", 60_000, 60_000)
    with pytest.raises(BadData, match=r"60000×60000 pixels; at most"):
        decode(bytes(data), "scan7")


def test_encoded_pictures_are_decoded_when_asked_for() -> None:
    pictures = [noise(4 + k, 5, 3, seed=k) for k in range(3)]
    encoded = Encoded([packed(picture, ".png") for picture in pictures], ("a", "b", "c"))
    assert [picture.shape[0] for picture in encoded] == [4, 5, 6]
    np.testing.assert_array_equal(encoded[1:][1], pictures[2])


def test_a_stack_is_rgb_of_bytes() -> None:
    with pytest.raises(BadData, match="not RGB of 8 bits"):
        Stack(np.zeros((2, 4, 4, 3), np.uint16))
    assert len(Stack(np.zeros((4, 2, 2, 3), np.uint8))[1:3]) == 2


def test_regions_are_what_the_edge_cuts() -> None:
    pictures = [noise(20, 30, 3, seed=k) for k in range(3)]
    boxes = [(2, 3, 10, 12), (15, 1, 20, 20), (0, 0, 30, 20)]
    entries = [
        Entry(f"{k}.png", packed(picture, ".png"), 0, "ab"[k % 2], place=lambda _h, _w, k=k: boxes[k])
        for k, picture in enumerate(pictures)
    ]
    data = gather(ABOUT, ("face",), entries)
    region = RegionSpec("face", 0.2)
    regions = regions_of(data, [2, 0], region, INPUT)
    for k, cut_out in zip([2, 0], regions.images, strict=True):
        np.testing.assert_array_equal(cut_out, cut(pictures[k], boxes[k], region, INPUT))
    assert regions.identities.tolist() == [0, 0]
    assert regions_of(data, [1], region, INPUT, first=7).identities.tolist() == [8]


@pytest.mark.parametrize("kind", ["whole", "face"])
@pytest.mark.parametrize("side", [4, 6])
def test_a_stack_is_cut_like_single_pictures(kind: str, side: int) -> None:
    array = noise(5, side, side, 3)
    data = gather_stack(ABOUT, ("a", "b"), Stack(array), [0, 1, 0, 1, 0], list("vwxyz"))
    region, size = RegionSpec(kind), InputSpec(6, 6, 3, INPUT.mean, INPUT.std)
    regions = regions_of(data, [4, 1], region, size)
    for k, cut_out in zip([4, 1], regions.images, strict=True):
        np.testing.assert_array_equal(cut_out, cut(array[k], (0, 0, side, side), region, size))
    assert regions.labels.tolist() == [0, 1]
    assert regions.identities.tolist() == [UNKNOWN, UNKNOWN]
    assert len(join([regions, regions])) == 4
    assert regions_of(data, [], region, size).images.shape == (0, 6, 6, 3)


def test_labels_and_pictures_are_one_for_one() -> None:
    with pytest.raises(BadData, match="2 labels for 3 pictures"):
        gather_stack(ABOUT, ("a",), Stack(noise(3, 2, 2, 3)), [0, 0], list("xyz"))
