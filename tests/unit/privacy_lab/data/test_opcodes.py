"""A stranger's pickle is read, never run: plain values come out, and all else is refused."""

from pathlib import Path

import numpy as np
import pytest

from privacy_lab.data.opcodes import read_opcodes
from privacy_lab.errors import BadData
from tests.unit.privacy_lab.data import official


@pytest.mark.parametrize(
    "array",
    [
        np.arange(12, dtype=np.uint8).reshape(3, 4),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(3, dtype=">i4"),
        np.array([True, False]),
    ],
)
def test_an_array_comes_out_as_numpy_put_it_in(array: np.ndarray) -> None:
    read = read_opcodes(array.dumps(), "batch")
    assert read.dtype == array.dtype
    np.testing.assert_array_equal(read, array)


SAID = {"a": [3, True, 70000], "b": [3, True, 70000]}


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"(dS'a'\np0\n(lp1\nI3\naI01\naL70000L\nasS'b'\ng1\ns.", SAID),
        (b"}(U\x01a(K\x03I01\nJ\x70\x11\x01\x00lq\x00U\x01bh\x00u.", SAID),
        (b"\x80\x02}q\x00(U\x01aq\x01]q\x02(K\x03\x88J\x70\x11\x01\x00eU\x01bh\x02u.", SAID),
        (b"\x80\x03}(C\x01a\x8a\x02\x11\x01X\x01\x00\x00\x00bNu.", {"a": 273, "b": None}),
        (b"\x80\x04\x95\x0d\0\0\0\0\0\0\0}\x94\x8c\x01a\x94K\x01M\x11\x01\x86)\x86s.", {"a": ((1, 273), ())}),
        (b"G?\xe0\0\0\0\0\0\0.", 0.5),
    ],
)
def test_plain_values_of_every_protocol(data: bytes, value: object) -> None:
    assert read_opcodes(data, "batch") == value


def test_a_batch_as_python_2_wrote_it_is_read() -> None:
    pixels = official.noise(2, 3072)
    read = read_opcodes(official.python2_batch(pixels, [4, 7]), "batch")
    np.testing.assert_array_equal(read["data"], pixels)
    assert read["labels"] == [4, 7]
    assert read["batch_label"] == "training batch 1 of 5"


def harm(place: Path) -> dict[str, bytes]:
    """Files of which each, unpickled, would make the folder `place`, or run something else."""
    path = str(place).encode()
    text = b"X" + len(path).to_bytes(4, "little") + path
    return {
        "protocol 0": b"cposix\nmkdir\n(S'" + path + b"'\ntR.",
        "protocol 2": b"\x80\x02cposix\nmkdir\n" + text + b"\x85R.",
        "protocol 4": b"\x80\x04\x8c\x05posix\x8c\x05mkdir\x93" + text + b"\x85R.",
        "inside a value": b"\x80\x02}U\x04datacposix\nmkdir\n" + text + b"\x85Rs.",
        "instance": b"(S'" + path + b"'\niposix\nmkdir\n.",
        "object": b"(cposix\nmkdir\n" + text + b"o.",
        "new object": b"\x80\x02cpathlib\nPath\n" + text + b"\x85\x81.",
        "extension": b"\x80\x02\x82\x01.",
        "persistent": b"Pname\n.",
        "name alone": b"\x80\x02cbuiltins\neval\n.",
        "a name of numpy's": b"\x80\x02cnumpy\nload\n" + text + b"\x85R.",
        "state of a name": b"\x80\x02cnumpy\nndarray\n}b.",
    }


@pytest.mark.parametrize("form", list(harm(Path())))
def test_nothing_in_a_file_is_run(tmp_path: Path, form: str) -> None:
    place = tmp_path / "harm"
    with pytest.raises(BadData, match="batch: "):
        read_opcodes(harm(place)[form], "batch")
    assert not place.exists()


def test_the_refusal_says_which_name_was_asked_for(tmp_path: Path) -> None:
    with pytest.raises(BadData, match="posix mkdir"):
        read_opcodes(harm(tmp_path / "harm")["protocol 4"], "batch")


def test_an_array_of_objects_is_refused() -> None:
    with pytest.raises(BadData, match="not plain numbers"):
        read_opcodes(np.array(["a", None], dtype=object).dumps(), "batch")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"text",
        b"\x80\x02}q\x00(U\x04data",
        b"\x80\x02e.",
        b"\x80\x02h\x07.",
        b"\x80\x02K\x01K\x02R.",
        b"\x80\x02cnumpy\nndarray\n)R.",
        b"\x80\x02}N]s.",
        b"\x80\x02N]b.",
    ],
)
def test_damaged_files_are_refused(data: bytes) -> None:
    with pytest.raises(BadData, match="batch"):
        read_opcodes(data, "batch")


@pytest.mark.parametrize("cut", [0.1, 0.5, 0.9, 0.999])
def test_a_file_cut_off_is_refused(cut: float) -> None:
    data = official.python2_batch(official.noise(2, 3072), [1, 2])
    with pytest.raises(BadData):
        read_opcodes(data[: int(cut * len(data))], "batch")


def test_an_array_larger_than_its_bytes_is_refused() -> None:
    data = official.python2_batch(official.noise(2, 3072), [1, 2])
    larger = data.replace(b"\x8a\x02\x02\x00", b"\x8a\x02\xff\x7f")
    assert larger != data
    with pytest.raises(BadData, match="shape"):
        read_opcodes(larger, "batch")
