"""Remembers on disk which cameras Home Assistant was told of, so that those that are gone are taken away."""

import os
from pathlib import Path
from typing import Final, final

import msgspec

from broker.identity import is_name
from feature_node.errors import BadSettings

MAX_BYTES: Final = 1024 * 1024


def announced_beside(key_file: Path, node: str) -> Path:
    """Where an edge notes which cameras it announced: beside the key of its pseudonyms."""
    return key_file.with_name(f"{key_file.stem}-{node}.home-assistant.json")


@final
class Announced:
    """The names of announced cameras, in a file that only its owner reads."""

    def __init__(self, path: Path) -> None:
        """Read the file, which need not be there yet.

        Raises:
            BadSettings: It cannot be read, or holds something else.
        """
        self._path = path
        self._cameras = frozenset(self._read())

    @property
    def cameras(self) -> frozenset[str]:
        """Those that Home Assistant was told of and that were not taken away since."""
        return self._cameras

    def add(self, camera: str) -> None:
        """Remember a camera; to be called before it is announced, so that a crash forgets none.

        Raises:
            BadSettings: The file cannot be written, and nothing is remembered.
        """
        self._change(self._cameras | {camera})

    def remove(self, camera: str) -> None:
        """Forget a camera that was taken away; raises as `add`."""
        self._change(self._cameras - {camera})

    def _change(self, cameras: frozenset[str]) -> None:
        if cameras != self._cameras:
            self._write(cameras)
            self._cameras = cameras

    def _read(self) -> list[str]:
        try:
            with self._path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
            names = msgspec.json.decode(data, type=list[str])
            if len(data) > MAX_BYTES or not all(is_name(name) for name in names):
                raise ValueError("it is too long, or holds what is no camera's name")
        except FileNotFoundError:
            return []
        except OSError as error:
            raise BadSettings(f"{self._path}: cannot be read: {error.strerror}. Make it readable.") from error
        except ValueError as error:  # a DecodeError is one
            raise BadSettings(
                f"{self._path}: the list of what Home Assistant was told is damaged ({error}). Remove it, "
                "and take cameras that are gone away by hand: penumbra home-assistant remove --camera NAME."
            ) from None
        return names

    def _write(self, cameras: frozenset[str]) -> None:
        draft = self._path.with_name(f".{self._path.name}.draft")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            draft.unlink(missing_ok=True)
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(msgspec.json.encode(sorted(cameras)))
            draft.replace(self._path)
        except OSError as error:
            raise BadSettings(f"{self._path}: cannot be written: {error.strerror}.") from error
