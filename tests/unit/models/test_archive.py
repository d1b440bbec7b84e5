"""Archives that try what a bundle never needs are refused with the reason."""

import os
import stat
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models import archive
from models.archive import list_files, read_files
from models.bundle import load_analyzer, load_extractor
from models.errors import BundleError, BundleNotFound, DamagedBundle, UnsafeArchive
from models.reading import read_bundle
from tests.unit.models import made


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made.bundle(tmp_path_factory.mktemp("sound") / "tiny.zip")


def packed(tmp_path: Path, *members: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    path = tmp_path / "changed.zip"
    path.write_bytes(made.zip_of(*members))
    return path


@pytest.mark.parametrize(
    "name",
    [
        "../extractor.onnx",
        "/etc/passwd",
        "models/extractor.onnx",
        "..\\extractor.onnx",
        "C:\\extractor.onnx",
        "extractor.onnx\0.txt",
        "notes.txt",
        "Extractor.onnx",
        "folder/",
    ],
)
def test_a_name_that_no_bundle_has_is_refused(tmp_path: Path, sound: Path, name: str) -> None:
    # zipfile cuts names at NUL as it writes: such a name is put in afterwards.
    stand_in = name.replace("\0", "~")
    path = packed(tmp_path, *made.members_of(sound), (stand_in, b"x"))
    path.write_bytes(path.read_bytes().replace(stand_in.encode(), name.encode()))
    with pytest.raises(UnsafeArchive, match="holds"):
        load_extractor(path)


@given(name=st.text(min_size=1, max_size=40).filter(lambda name: name not in archive.LIMITS))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_other_name_is_refused_and_nothing_is_written(tmp_path: Path, sound: Path, name: str) -> None:
    folder = tmp_path / "lonely"
    folder.mkdir(exist_ok=True)
    path = packed(folder, *made.members_of(sound), (zipfile.ZipInfo(name), b"x"))
    with pytest.raises(BundleError):
        load_extractor(path)
    assert [entry.name for entry in folder.iterdir()] == ["changed.zip"]


def test_a_link_in_a_zip_is_refused(tmp_path: Path, sound: Path) -> None:
    link = zipfile.ZipInfo("certificate.json")
    link.create_system = 3
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with pytest.raises(UnsafeArchive, match="not a plain file"):
        load_extractor(packed(tmp_path, *made.members_of(sound), (link, b"/etc/passwd")))


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, sound: Path) -> None:
    with pytest.raises(UnsafeArchive, match="times its packed size"):
        load_extractor(packed(tmp_path, *made.members_of(sound), ("certificate.json", bytes(1 << 20))))


def test_a_bomb_that_understates_its_size_is_refused(tmp_path: Path, sound: Path) -> None:
    path = packed(tmp_path, *made.members_of(sound), ("certificate.json", bytes(900 << 10)))
    data = path.read_bytes()
    path.write_bytes(data.replace(struct.pack("<I", 900 << 10), struct.pack("<I", 100)))
    with pytest.raises((DamagedBundle, UnsafeArchive)):
        load_extractor(path)


def test_an_oversized_member_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "large.zip"
    large = os.urandom(archive.LIMITS["manifest.json"] + 1)
    path.write_bytes(made.zip_of(("manifest.json", large), packing=zipfile.ZIP_STORED))
    with pytest.raises(UnsafeArchive, match="at most"):
        list_files(path)


def test_an_oversized_archive_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "large.zip"
    with path.open("wb") as file:
        file.truncate(archive.MAX_ARCHIVE + 1)  # sparse: costs no disk
    with pytest.raises(UnsafeArchive, match="at most"):
        list_files(path)


def test_a_member_that_is_there_twice_is_refused(tmp_path: Path, sound: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        path = packed(tmp_path, *made.members_of(sound), ("analyzer.onnx", b"other"))
    with pytest.raises(UnsafeArchive, match="twice"):
        load_analyzer(path)


@pytest.mark.parametrize("packing", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_an_unusual_packing_is_refused(tmp_path: Path, sound: Path, packing: int) -> None:
    path = tmp_path / "packed.zip"
    path.write_bytes(made.zip_of(*made.members_of(sound), packing=packing))
    with pytest.raises(UnsafeArchive, match="unusual method"):
        load_extractor(path)


def test_an_encrypted_member_is_refused(tmp_path: Path, sound: Path) -> None:
    data = bytearray(sound.read_bytes())
    directory = data.index(b"PK\x01\x02")
    data[directory + 8] |= 1
    path = tmp_path / "locked.zip"
    path.write_bytes(bytes(data))
    with pytest.raises(UnsafeArchive, match="encrypted"):
        load_extractor(path)


@given(share=st.floats(0, 0.999))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_truncated_archive_is_refused(tmp_path: Path, sound: Path, share: float) -> None:
    whole = sound.read_bytes()
    path = tmp_path / "cut.zip"
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(DamagedBundle):
        load_extractor(path)


@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_flipped_bit_never_passes_for_another_bundle(
    tmp_path: Path, sound: Path, place: float, bit: int
) -> None:
    data = bytearray(sound.read_bytes())
    data[int(len(data) * place)] ^= 1 << bit
    path = tmp_path / "flipped.zip"
    path.write_bytes(bytes(data))
    try:
        changed = read_bundle(path)
    except BundleError:
        return
    # Times and attributes of a zip mean nothing to us; what is read must be what was written.
    assert changed == read_bundle(sound)


@given(data=st.binary(max_size=400))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "noise.zip"
    path.write_bytes(data)
    with pytest.raises(BundleError):
        load_extractor(path)


def test_a_folder_is_held_to_the_same(tmp_path: Path) -> None:
    folder = made.bundle(tmp_path / "tiny")
    (folder / "notes.txt").write_text("x")
    with pytest.raises(UnsafeArchive, match=r"notes\.txt"):
        load_extractor(folder)


def test_a_link_in_a_folder_is_refused(tmp_path: Path) -> None:
    folder = made.bundle(tmp_path / "tiny")
    (folder / "analyzer.onnx").rename(tmp_path / "elsewhere.onnx")
    (folder / "analyzer.onnx").symlink_to(tmp_path / "elsewhere.onnx")
    with pytest.raises(UnsafeArchive, match="not a plain file"):
        load_analyzer(folder)


def test_a_folder_in_place_of_a_file_is_refused(tmp_path: Path) -> None:
    folder = made.bundle(tmp_path / "tiny")
    (folder / "certificate.json").mkdir()
    with pytest.raises(UnsafeArchive, match="not a plain file"):
        load_extractor(folder)


def test_nothing_there_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BundleNotFound, match="bundle list"):
        load_extractor(tmp_path / "none.zip")


def test_only_wanted_files_are_read(sound: Path) -> None:
    assert set(read_files(sound, frozenset({"manifest.json"}))) == {"manifest.json"}
