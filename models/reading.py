"""Read a bundle's files and check them against its manifest; needs no inference library."""

import hashlib
from pathlib import Path

from models.archive import list_files, read_files
from models.errors import DamagedBundle
from models.manifest import MANIFEST, Manifest, decode_manifest


def load_manifest(path: Path) -> Manifest:
    """Read the manifest of the bundle at `path` (folder or zip).

    Raises:
        BundleError: it is not there, not safe or not sound; the text says which.
    """
    return read_checked(path, frozenset())[0]


def read_bundle(path: Path) -> tuple[Manifest, dict[str, bytes]]:
    """Read every file that is there, each checked against the manifest; the manifest's own bytes included.

    Raises:
        BundleError: it is not there, not safe or not sound.
    """
    manifest, files = read_checked(path, list_files(path))
    return manifest, files


def read_checked(path: Path, wanted: frozenset[str]) -> tuple[Manifest, dict[str, bytes]]:
    """Read the manifest and those of the `wanted` files that are there, each checked against the manifest.

    Raises:
        BundleError: the bundle is not there, not safe or not sound.
    """
    files = read_files(path, wanted | {MANIFEST})
    if MANIFEST not in files:
        raise DamagedBundle(f"{path}: has no {MANIFEST}, so it is not a bundle")
    manifest = decode_manifest(files[MANIFEST], str(path))
    promised = {str(name): entry for name, entry in manifest.files.items()}
    for name in list_files(path) - {MANIFEST}:
        if name not in promised:
            raise DamagedBundle(f"{path}: {name} is there, but the manifest does not list it")
    for name, data in files.items():
        if name == MANIFEST:
            continue
        entry = promised[name]
        if len(data) != entry.size:
            raise DamagedBundle(f"{path}: {name} has {len(data)} bytes, its manifest says {entry.size}")
        if hashlib.sha256(data).hexdigest() != entry.sha256:
            raise DamagedBundle(f"{path}: {name} was altered: its SHA-256 is not the manifest's")
    return manifest, files
