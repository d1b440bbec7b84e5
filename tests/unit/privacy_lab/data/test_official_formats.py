"""Each official format gives the pixels, labels and parts that its makers put in, and says what is wrong."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.io import savemat

from privacy_lab.data.catalogue import read_set
from privacy_lab.data.dataset import DataSet
from privacy_lab.errors import BadData
from tests.unit.privacy_lab.data import official


def pixels(data: DataSet) -> NDArray[np.uint8]:
    return np.stack(list(data.images))


@pytest.mark.parametrize(
    ("python", "folder"), [(False, "cifar-10-batches-bin"), (True, "cifar-10-batches-py")]
)
def test_both_versions_of_cifar10(tmp_path: Path, folder: str, *, python: bool) -> None:
    planes = official.cifar10(tmp_path / folder, python=python)
    data = read_set("cifar10", tmp_path)
    np.testing.assert_array_equal(pixels(data), planes.transpose(0, 2, 3, 1))
    assert data.labels.tolist() == list(range(10)) * 6
    assert data.parts == ("train",) * 50 + ("test",) * 10
    assert data.classes[6] == "frog"
    assert read_set("cifar10", tmp_path / folder).card == data.card


def test_the_two_versions_of_cifar10_have_one_hash(tmp_path: Path) -> None:
    for name in ("a", "b"):
        official.cifar10(tmp_path / name, python=name == "a")
    assert read_set("cifar10", tmp_path / "a").card.sha256 == read_set("cifar10", tmp_path / "b").card.sha256


@pytest.mark.parametrize(("python", "folder"), [(False, "cifar-100-binary"), (True, "cifar-100-python")])
def test_cifar100_has_its_fine_labels(tmp_path: Path, folder: str, *, python: bool) -> None:
    planes = official.cifar100(tmp_path / folder, python=python)
    data = read_set("cifar100", tmp_path)
    np.testing.assert_array_equal(pixels(data), planes.transpose(0, 2, 3, 1))
    assert data.labels.tolist() == [*range(100), *range(100)]
    assert data.parts.count("test") == 100
    assert (data.classes[0], data.classes[99]) == ("apple", "worm")


@pytest.mark.parametrize("compressed", [True, False])
def test_svhn_calls_the_tenth_digit_nought(tmp_path: Path, *, compressed: bool) -> None:
    images = official.svhn(tmp_path, compressed=compressed)
    data = read_set("svhn", tmp_path)
    np.testing.assert_array_equal(pixels(data), images)
    assert data.labels.tolist() == [*range(1, 10), 0] * 2
    assert data.parts == ("train",) * 10 + ("test",) * 10


def test_stl10_is_stored_column_by_column(tmp_path: Path) -> None:
    images = official.stl10(tmp_path / "stl10_binary")
    data = read_set("stl10", tmp_path)
    np.testing.assert_array_equal(pixels(data), images)
    assert data.labels.tolist() == [*range(10)] * 2


@pytest.mark.parametrize("packed", [True, False])
def test_mnist_is_grey_in_three_channels(tmp_path: Path, *, packed: bool) -> None:
    images = official.mnist(tmp_path, packed=packed)
    data = read_set("mnist-idx", tmp_path)
    for channel in range(3):
        np.testing.assert_array_equal(pixels(data)[..., channel], images)
    assert data.labels.tolist() == [*range(10)] * 2


def test_gtsrb_keeps_tracks_together_and_cuts_at_the_sign(tmp_path: Path) -> None:
    official.gtsrb_training(tmp_path)
    official.gtsrb_test(tmp_path)
    data = read_set("gtsrb", tmp_path)
    assert data.classes == ("speed limit 20", "stop")
    assert data.parts.count("train") == 12
    assert data.parts.count("test") == 2
    assert {data.boxes[k] for k, part in enumerate(data.parts) if part == "train"} == {(5, 6, 19, 19)}
    tracks = {group for group, part in zip(data.groups, data.parts, strict=True) if part == "train"}
    assert tracks == {"00000/00000", "00000/00001", "00014/00000", "00014/00001"}
    assert data.images[0].shape == (30, 29, 3)


def test_gtsrb_without_the_classes_of_the_test_part_says_where_they_are(tmp_path: Path) -> None:
    official.gtsrb_test(tmp_path, classes=False)
    with pytest.raises(BadData, match=r"GT-final_test\.csv"):
        read_set("gtsrb", tmp_path)


def test_a_picture_that_gtsrb_lost_is_named_in_the_card(tmp_path: Path) -> None:
    official.gtsrb_training(tmp_path)
    lost = tmp_path / "Final_Training" / "Images" / "00014" / "00001_00002.ppm"
    lost.unlink()
    card = read_set("gtsrb", tmp_path).card
    assert card.skipped == ("Final_Training/Images/00014/00001_00002.ppm",)
    assert card.pictures == 11


def _cifar_batch(path: Path) -> None:
    official.cifar10(path)
    (path / "data_batch_3.bin").write_bytes(b"\0" * 3000)


def _cifar_label(path: Path) -> None:
    official.cifar10(path)
    (path / "data_batch_3.bin").write_bytes(b"\x0b" + bytes(3072))


def _cifar_class(path: Path) -> None:
    official.cifar10(path)
    for batch in path.iterdir():
        batch.write_bytes(b"".join(bytes([label]) + bytes(3072) for label in range(10) if label != 4))


def _cifar_missing(path: Path) -> None:
    official.cifar10(path, python=True)
    (path / "data_batch_5").unlink()


def _cifar_other_pickle(path: Path) -> None:
    official.cifar10(path, python=True)
    (path / "test_batch").write_bytes(b"\x80\x02]q\x00.")


def _cifar_other_shape(path: Path) -> None:
    official.cifar10(path, python=True)
    (path / "test_batch").write_bytes(official.python2_batch(official.noise(3, 1000), [1, 2, 3]))


def _svhn_names(path: Path) -> None:
    official.svhn(path)
    savemat(path / "test_32x32.mat", {"images": np.zeros(3)})


def _svhn_shape(path: Path) -> None:
    official.svhn(path)
    savemat(path / "test_32x32.mat", {"X": np.zeros((32, 32, 3), np.uint8), "y": np.ones(3)})


def _svhn_noise(path: Path) -> None:
    official.svhn(path)
    (path / "train_32x32.mat").write_bytes(b"not a Matlab file" * 20)


def _svhn_cut(path: Path) -> None:
    official.svhn(path)
    whole = (path / "train_32x32.mat").read_bytes()
    (path / "train_32x32.mat").write_bytes(whole[: len(whole) // 2])


def _stl_short(path: Path) -> None:
    official.stl10(path)
    (path / "test_X.bin").write_bytes(b"\0" * 100)


def _stl_label(path: Path) -> None:
    official.stl10(path)
    (path / "test_y.bin").write_bytes(bytes(range(10)))


def _mnist_magic(path: Path) -> None:
    official.mnist(path, packed=False)
    (path / "t10k-labels-idx1-ubyte").write_bytes(official.idx(official.noise(2, 2)))


def _mnist_short(path: Path) -> None:
    official.mnist(path, packed=False)
    whole = (path / "t10k-images-idx3-ubyte").read_bytes()
    (path / "t10k-images-idx3-ubyte").write_bytes(whole[:-1])


def _mnist_packed(path: Path) -> None:
    official.mnist(path, packed=True)
    (path / "train-images-idx3-ubyte.gz").write_bytes(b"\x1f\x8b not packed")


def _mnist_pairs(path: Path) -> None:
    official.mnist(path, packed=False)
    (path / "t10k-labels-idx1-ubyte").write_bytes(official.idx(official.noise(3)))


def _gtsrb_class(path: Path) -> None:
    official.gtsrb_training(path)
    table = next(path.rglob("GT-00014.csv"))
    table.write_text(table.read_text().replace(";14\n", ";43\n"))


def _gtsrb_box(path: Path) -> None:
    official.gtsrb_training(path)
    table = next(path.rglob("GT-00014.csv"))
    table.write_text(table.read_text().replace(";5;6;", ";50;6;"))


def _gtsrb_number(path: Path) -> None:
    official.gtsrb_training(path)
    table = next(path.rglob("GT-00014.csv"))
    table.write_text(table.read_text().replace(";5;6;", ";five;6;"))


def _gtsrb_columns(path: Path) -> None:
    official.gtsrb_training(path)
    next(path.rglob("GT-00014.csv")).write_text("Filename,ClassId\n")


@pytest.mark.parametrize(
    ("name", "harm", "said"),
    [
        ("cifar10", _cifar_batch, r"data_batch_3\.bin: 3000 bytes are not whole records of 3073"),
        ("cifar10", _cifar_label, "label 11 is none of its 10 classes"),
        ("cifar10", _cifar_class, "no picture of deer"),
        ("cifar10", _cifar_missing, "data_batch_5"),
        ("cifar10", _cifar_other_pickle, "test_batch: has no array data of uint8 and list labels"),
        ("cifar10", _cifar_other_shape, r"test_batch: data of shape \(3, 1000\)"),
        ("svhn", _svhn_names, r"test_32x32\.mat: has no X and y; it holds images"),
        ("svhn", _svhn_shape, r"test_32x32\.mat: X of shape \(32, 32, 3\)"),
        ("svhn", _svhn_noise, r"train_32x32\.mat: cannot be read as a Matlab file"),
        ("svhn", _svhn_cut, r"train_32x32\.mat: .*cut off, download it again"),
        ("stl10", _stl_short, r"test_X\.bin: 100 bytes are not 10 pictures"),
        ("stl10", _stl_label, r"test_y\.bin: labels 0 to 9 are not 1 to 10"),
        ("mnist-idx", _mnist_magic, "t10k-labels-idx1-ubyte: is not an idx file of bytes with 1 axes"),
        ("mnist-idx", _mnist_short, "t10k-images-idx3-ubyte: has 7855 bytes where its header says 7856"),
        ("mnist-idx", _mnist_packed, r"train-images-idx3-ubyte\.gz: cannot be read"),
        ("mnist-idx", _mnist_pairs, "the test part has 10 pictures and 3 labels"),
        ("gtsrb", _gtsrb_class, r"GT-00014\.csv: ClassId 43"),
        ("gtsrb", _gtsrb_box, r"00014/00000_00000\.ppm: the box \(50, 6, -26, 19\)"),
        ("gtsrb", _gtsrb_number, r"GT-00014\.csv: Roi\.X1: 'five' is not a whole number"),
        ("gtsrb", _gtsrb_columns, r"GT-00014\.csv: lacks the column\(s\) Filename, Roi\.X1"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, name: str, harm: Callable[[Path], None], said: str) -> None:
    harm(tmp_path / "set")
    with pytest.raises(BadData, match=said):
        read_set(name, tmp_path / "set")


@pytest.mark.parametrize(
    "name", ["cifar10", "cifar100", "svhn", "gtsrb", "stl10", "mnist-idx", "mnist", "classes"]
)
def test_an_empty_folder_holds_no_data_set(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadData, match=str(tmp_path)):
        read_set(name, tmp_path)
