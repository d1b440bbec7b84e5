"""Read the files of a bundle from a folder or a zip into memory, and nothing that is not one."""

import os
import stat
import zipfile
import zlib
from pathlib import Path
from typing import Final

from models.errors import BundleNotFound, DamagedBundle, UnsafeArchive
from models.manifest import ANALYZER, CERTIFICATE, EXTRACTOR, MANIFEST, MIRROR
from models.placement_table import MAX_TABLE_BYTES, PLACEMENT

# The only names a bundle holds, each with the most bytes it may have once unpacked.
LIMITS: Final = {
    MANIFEST: 256 << 10,
    EXTRACTOR: 64 << 20,
    ANALYZER: 64 << 20,
    CERTIFICATE: 1 << 20,
    PLACEMENT: MAX_TABLE_BYTES,
    MIRROR: 16 << 20,
}
MAX_ARCHIVE: Final = 130 << 20
MAX_RATIO: Final = 200
_ENCRYPTED: Final = 0x1
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def list_files(path: Path) -> frozenset[str]:
    """Name the bundle files at `path`, having refused everything else that lies there.

    Raises:
        BundleNotFound: nothing is at `path`.
        UnsafeArchive: a file that no bundle has, a link, a path, an encrypted or oversized member.
        DamagedBundle: `path` is neither a folder nor a readable zip.
    """
    return frozenset(_folder_sizes(path) if _is_folder(path) else _zip_sizes(path))


def read_files(path: Path, wanted: frozenset[str]) -> dict[str, bytes]:
    """Read those of the `wanted` files that the bundle at `path` has; nothing is written to disk.

    Raises:
        BundleNotFound, UnsafeArchive, DamagedBundle: as `list_files`, or a member does not unpack.
    """
    names = sorted(wanted & list_files(path))
    if _is_folder(path):
        return {name: _read_plain(path / name, LIMITS[name]) for name in names}
    try:
        with zipfile.ZipFile(path) as archive:
            return {name: _read_member(archive, name, path) for name in names}
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
        raise DamagedBundle(f"{path}: the zip does not unpack: {error}") from error


def _is_folder(path: Path) -> bool:
    if not path.exists():
        raise BundleNotFound(
            f"{path}: no such file or folder. `penumbra bundle list` names the shipped bundles."
        )
    return path.is_dir()


def _folder_sizes(path: Path) -> dict[str, int]:
    with os.scandir(path) as entries:
        return {entry.name: _entry_size(entry, path) for entry in entries}


def _entry_size(entry: os.DirEntry[str], path: Path) -> int:
    _check_name(entry.name, path)
    if entry.is_symlink() or not entry.is_file(follow_symlinks=False):
        raise UnsafeArchive(f"{path}: {entry.name} is not a plain file (a link or a device)")
    size = entry.stat(follow_symlinks=False).st_size
    _check_size(entry.name, size, path)
    return size


def _zip_sizes(path: Path) -> dict[str, int]:
    if path.stat().st_size > MAX_ARCHIVE:
        raise UnsafeArchive(f"{path}: {path.stat().st_size} bytes; a bundle has at most {MAX_ARCHIVE}")
    sizes: dict[str, int] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                _check_member(member, path)
                if member.filename in sizes:
                    raise UnsafeArchive(f"{path}: {member.filename} is there twice")
                sizes[member.filename] = member.file_size
    except (zipfile.BadZipFile, EOFError, OSError, ValueError, NotImplementedError) as error:
        raise DamagedBundle(f"{path}: not a readable zip: {error}") from error
    return sizes


def _check_member(member: zipfile.ZipInfo, path: Path) -> None:
    # The name as stored: zipfile itself cuts at NUL and turns back-slashes, which would hide what was meant.
    _check_name(member.orig_filename, path)
    mode = member.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        raise UnsafeArchive(f"{path}: {member.filename} is not a plain file (a link or a device)")
    if member.flag_bits & _ENCRYPTED or member.compress_type not in _METHODS:
        raise UnsafeArchive(f"{path}: {member.filename} is encrypted or packed by an unusual method")
    _check_size(member.filename, member.file_size, path)
    if member.file_size > 4096 + MAX_RATIO * member.compress_size:
        raise UnsafeArchive(f"{path}: {member.filename} unpacks to over {MAX_RATIO} times its packed size")


def _check_name(name: str, path: Path) -> None:
    if name not in LIMITS:
        raise UnsafeArchive(f"{path}: holds {name[:80]!r}; a bundle holds nothing but {', '.join(LIMITS)}")


def _check_size(name: str, size: int, path: Path) -> None:
    if size > LIMITS[name]:
        raise UnsafeArchive(f"{path}: {name} has {size} bytes, at most {LIMITS[name]} are allowed")


def _read_plain(path: Path, limit: int) -> bytes:
    # O_NOFOLLOW: a file that became a link since the listing is refused too.
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
        with os.fdopen(descriptor, "rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise DamagedBundle(f"{path}: cannot be read: {error.strerror}") from error
    _check_size(path.name, len(data), path.parent)
    return data


def _read_member(archive: zipfile.ZipFile, name: str, path: Path) -> bytes:
    # Reading one byte past the limit is enough to catch a header that understates what unpacks.
    with archive.open(name) as member:
        data = member.read(LIMITS[name] + 1)
    _check_size(name, len(data), path)
    return data
