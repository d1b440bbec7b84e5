"""Read a bundle's files and check them against its manifest; needs no inference library."""

import hashlib
from pathlib import Path

from models.archive import list_files, read_files
from models.attached import ATTACHED, check_attached
from models.certificate import Certificate, decode_certificate
from models.errors import DamagedBundle
from models.manifest import CERTIFICATE, MANIFEST, FileEntry, Manifest, decode_manifest


def load_manifest(path: Path) -> Manifest:
    """Read the manifest of the bundle at `path` (folder or zip).

    Raises:
        BundleError: it is not there, not safe or not sound; the text says which.
    """
    return read_checked(path, frozenset())[0]


def load_certificate(path: Path) -> tuple[Manifest, Certificate | None]:
    """Read the manifest of the bundle at `path`, and its certificate where it has one.

    Raises:
        BundleError: it is not there, not safe or not sound, or the certificate is another bundle's.
    """
    manifest, files = read_checked(path, frozenset({CERTIFICATE}))
    data = files.get(CERTIFICATE)
    return manifest, decode_certificate(data, str(path)) if data is not None else None


def read_bundle(path: Path) -> tuple[Manifest, dict[str, bytes]]:
    """Read every file that is there, each checked as `read_checked` does; the manifest's own bytes included.

    Raises:
        BundleError: it is not there, not safe or not sound.
    """
    manifest, files = read_checked(path, list_files(path))
    return manifest, files


def read_checked(path: Path, wanted: frozenset[str]) -> tuple[Manifest, dict[str, bytes]]:
    """Read the manifest and those of the `wanted` files that are there, each checked against the manifest.

    A certificate or a placement table is checked against the bundle that it names.

    Raises:
        BundleError: the bundle is not there, not safe or not sound.
    """
    files = read_files(path, wanted | {MANIFEST})
    if MANIFEST not in files:
        raise DamagedBundle(f"{path}: has no {MANIFEST}, so it is not a bundle")
    manifest = decode_manifest(files[MANIFEST], str(path))
    promised = {str(name): entry for name, entry in manifest.files.items()}
    for name in list_files(path) - {MANIFEST, *ATTACHED}:
        if name not in promised:
            raise DamagedBundle(f"{path}: {name} is there, but the manifest does not list it")
    for name, data in files.items():
        if name in ATTACHED:
            check_attached(name, data, manifest, str(path))
        elif name != MANIFEST:
            _check_file(path, name, data, promised[name])
    return manifest, files


def _check_file(path: Path, name: str, data: bytes, entry: FileEntry) -> None:
    if len(data) != entry.size:
        raise DamagedBundle(f"{path}: {name} has {len(data)} bytes, its manifest says {entry.size}")
    if hashlib.sha256(data).hexdigest() != entry.sha256:
        raise DamagedBundle(f"{path}: {name} was altered: its SHA-256 is not the manifest's")
