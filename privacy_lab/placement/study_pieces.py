"""A study as pieces of work, each kept when it is done: the same study goes on where it was broken off."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic, TypeVar, final

import msgspec

from privacy_lab.placement.found import write_whole
from privacy_lab.recipe import digest_of

T = TypeVar("T", bound=msgspec.Struct)

Watch = Callable[[int, int, str], None]
"""Told how many pieces are done, of how many, and what is done now."""

_VERSION: Final = 1


@final
@dataclass(frozen=True, slots=True)
class Piece(Generic[T]):
    """One piece of a study.

    Attributes:
        said: What it is, in words.
        decides: All that its result depends on, as JSON can say it.
        kind: What comes out.
        make: Makes it.
    """

    said: str
    decides: tuple[object, ...]
    kind: type[T]
    make: Callable[[], T]


@final
class Pieces:
    """A folder of finished pieces, and a count of those that are done."""

    def __init__(self, folder: Path, watch: Watch, of: int) -> None:
        """Keep pieces in `folder`; `of` is how many there will be."""
        self._folder = folder
        self._watch = watch
        self._of = of
        self._done = 0

    def all(self, pieces: Sequence[Piece[T]]) -> tuple[T, ...]:
        """Give every piece, made now or kept from before.

        Raises:
            BadData: the folder cannot be written.
        """
        return tuple(map(self._one, pieces))

    def _one(self, piece: Piece[T]) -> T:
        self._watch(self._done, self._of, piece.said)
        path = self._folder / f"{digest_of(_VERSION, piece.kind.__name__, *piece.decides)}.json"
        found = _kept(path, piece.kind)
        if found is None:
            found = piece.make()
            write_whole(path, msgspec.json.encode(found, order="deterministic"))
        self._done += 1
        self._watch(self._done, self._of, piece.said)
        return found


def _kept(path: Path, kind: type[T]) -> T | None:
    """Read a finished piece; None where there is none, or it is damaged: then it is made again."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None
