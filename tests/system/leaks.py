"""Finds a word in a heap of bytes, whatever it is written as: plain, base64, hex, UTF-16."""

import base64
from collections.abc import Iterable, Mapping

import cv2
import numpy as np

FRAME_START = b"PF\x01\x99"
"""How every `Frame` starts: the message's magic, its schema, and an array of nine fields."""
_JPEG_START, _JPEG_END = b"\xff\xd8\xff", b"\xff\xd9"
_SHORTEST = 6
"""Shorter words would be found by chance."""


def written_forms(word: str) -> set[bytes]:
    """Everything that `word` could look like on the wire."""
    assert len(word) >= _SHORTEST, f"{word!r} is too short to look for"
    forms: set[bytes] = set()
    for variant in (word, word.upper(), word.lower()):
        for plain in (variant.encode(), variant.encode("utf-16-le"), variant.encode("utf-16-be")):
            forms |= {plain, plain.hex().encode(), plain.hex().upper().encode()}
            forms |= _base64_forms(plain)
    return forms


def _base64_forms(plain: bytes) -> set[bytes]:
    """The characters that stand for `plain` wherever it starts within the encoded text."""
    forms = set()
    for lead in range(3):
        encoded = base64.b64encode(b"\0" * lead + plain)
        first = (lead * 8 + 5) // 6  # characters that also depend on what stands before
        last = (lead + len(plain)) * 8 // 6  # and those that depend on what follows
        forms |= {encoded[first:last], encoded[first:last].translate(bytes.maketrans(b"+/", b"-_"))}
    return forms


def leaked_words(heap: bytes, words: Iterable[str]) -> list[str]:
    """Name the words that stand in the heap in any form."""
    return [word for word in words if any(form in heap for form in written_forms(word))]


def jpegs(heap: bytes) -> list[bytes]:
    """Every run of bytes that decodes as a JPEG, however it is wrapped."""
    found = []
    place = heap.find(_JPEG_START)
    while place >= 0:
        end = _decodable_end(heap, place)
        if end:
            found.append(heap[place:end])
        place = heap.find(_JPEG_START, end or place + 1)
    return found


def _decodable_end(heap: bytes, start: int) -> int:
    end = heap.find(_JPEG_END, start)
    if end < 0:
        return 0
    try:
        picture = cv2.imdecode(np.frombuffer(heap, np.uint8, end + 2 - start, start), cv2.IMREAD_COLOR)
    except cv2.error:
        return 0
    return 0 if picture is None else end + 2


def assert_nothing_private(heaps: Mapping[str, bytes], words: Iterable[str]) -> None:
    """Fail with the name of the heap and of the word where one stands in the other, or where a frame does."""
    listed = list(words)
    for name, heap in heaps.items():
        assert not (leaked := leaked_words(heap, listed)), f"{name} holds {leaked}"
        assert FRAME_START not in heap, f"{name} holds a frame message"
