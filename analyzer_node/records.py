"""What is written to Redis, as pure functions: compact answers, and results that people can read.

Decoders check the length first and return `None` for anything that this version did not write: a damaged
value counts as absent.
"""

from typing import Final

import msgspec

from broker.results import RegionAnswer, Result

MAX_ANSWER_BYTES: Final = 512
MAX_RECORD_BYTES: Final = 256 * 1024


class _Record(msgspec.Struct, frozen=True):
    """A result as a JSON object with named fields, for people and dashboards that read Redis."""

    stream: str
    run: int
    sequence: int
    captured_ns: int
    sent_ns: int
    bundle: str
    regions: tuple[RegionAnswer, ...]
    cached: int
    received_ns: int
    answered_ns: int


_answers = msgspec.msgpack.Decoder(RegionAnswer)
_records = msgspec.json.Decoder(_Record)


def encode_answer(answer: RegionAnswer) -> bytes:
    """Turn one region's answer into msgpack."""
    return msgspec.msgpack.encode(answer)


def decode_answer(raw: bytes) -> RegionAnswer | None:
    """Read one region's answer; `None` if it is damaged."""
    if len(raw) > MAX_ANSWER_BYTES:
        return None
    try:
        return _answers.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def encode_record(result: Result) -> bytes:
    """Turn a result that is no refusal into a JSON object."""
    fields = {name: getattr(result, name) for name in _Record.__struct_fields__}
    return msgspec.json.encode(_Record(**fields))


def decode_record(raw: bytes) -> Result | None:
    """Read a result; `None` if it is damaged."""
    if len(raw) > MAX_RECORD_BYTES:
        return None
    try:
        record = _records.decode(raw)
        return Result(**{name: getattr(record, name) for name in _Record.__struct_fields__})
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
        return None
