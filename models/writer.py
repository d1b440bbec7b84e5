"""Write a bundle as a folder or a zip: the same files give the same bytes each time."""

import hashlib
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from models.archive import LIMITS
from models.attached import ATTACHED, check_attached
from models.errors import BundleError
from models.manifest import MANIFEST, FileEntry, Manifest, encode_manifest

# The earliest time a zip can name: a bundle's bytes must not tell when it was packed.
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_PLAIN_FILE: Final = 0o100644 << 16


def entry_of(data: bytes) -> FileEntry:
    """Describe a file as the manifest lists it."""
    return FileEntry(sha256=hashlib.sha256(data).hexdigest(), size=len(data))


def write_bundle(path: Path, manifest: Manifest, files: Mapping[str, bytes]) -> None:
    """Write manifest and files to `path`: a zip where the name ends so, else a folder.

    Files may be one half only, with or without certificate and placement table. A bundle that is there
    already is replaced; anything else is left alone.

    Raises:
        BundleError: a file is not the one the manifest lists, certificate or table are another bundle's, or
            `path` cannot be written.
    """
    for name, data in files.items():
        if name in ATTACHED:
            check_attached(name, data, manifest, str(path))
        elif manifest.files.get(name) != entry_of(data):  # type: ignore[call-overload]
            raise BundleError(f"{path}: {name} is not the file that the manifest lists")
    content = {MANIFEST: encode_manifest(manifest), **files}
    try:
        if path.suffix == ".zip":
            _write_zip(path, content)
        else:
            _write_folder(path, content)
    except OSError as error:
        raise BundleError(f"{path}: cannot be written: {error.strerror}") from error


def _write_folder(path: Path, content: Mapping[str, bytes]) -> None:
    path.mkdir(parents=True, exist_ok=True)
    strange = sorted(entry.name for entry in path.iterdir() if entry.name not in LIMITS)
    if strange:
        raise BundleError(f"{path}: holds {strange[0]!r}, so it is no bundle; choose an empty folder")
    for name in LIMITS:
        if name in content:
            _replace(path / name, content[name])
        else:
            (path / name).unlink(missing_ok=True)


def _write_zip(path: Path, content: Mapping[str, bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".part")
    with zipfile.ZipFile(unfinished, "w") as archive:
        for name in LIMITS:
            if name in content:
                member = zipfile.ZipInfo(name, _EPOCH)
                member.compress_type = zipfile.ZIP_DEFLATED
                member.external_attr = _PLAIN_FILE
                member.create_system = 3
                archive.writestr(member, content[name], compresslevel=9)
    unfinished.replace(path)


def _replace(path: Path, data: bytes) -> None:
    # Written beside and renamed: a reader never sees half a file. The name differs from any bundle's file.
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.write_bytes(data)
    unfinished.replace(path)
