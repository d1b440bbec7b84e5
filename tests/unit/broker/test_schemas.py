"""The committed schemas are what the types make, say what each field is, and hold of every message."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator, ValidationError

from broker.answers import encode_answer
from broker.home_messages import encode_home_state
from broker.schemas import NAMES, schema, schema_text
from broker.status import encode_camera_status, encode_node_status
from tests.unit.broker import messages

FOLDER = Path(__file__).parents[3] / "docs" / "schemas"
WIRES = {
    "answers": [encode_answer(messages.an_answer())],
    "status": [
        encode_camera_status(messages.a_camera_status()),
        encode_node_status(messages.a_node_status()),
    ],
    "home": [
        encode_home_state(messages.a_home_state()),
        encode_home_state(messages.a_home_state(answer=None)),
    ],
}


def test_what_is_committed_is_what_the_types_make() -> None:
    committed = {file.name: file.read_text() for file in FOLDER.iterdir()}
    assert committed == {f"{name}.json": schema_text(name) for name in NAMES}, "stale: run `make schemas`"


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_one_and_documents_every_field(name: str) -> None:
    found = schema(name)
    Draft202012Validator.check_schema(found)
    for kind, definition in found["$defs"].items():
        for field, about in definition["properties"].items():
            assert about.get("description", "").endswith("."), f"{kind}.{field} is not documented"
            unit = {"_ns": "nanoseconds", "_seconds": "econds", "bytes": "ytes"}
            due = next((text for ending, text in unit.items() if field.endswith(ending)), "")
            assert due in about["description"], f"{kind}.{field}: no unit"


@pytest.mark.parametrize(("name", "wire"), [(name, wire) for name, wires in WIRES.items() for wire in wires])
def test_messages_keep_their_schema_and_damaged_ones_do_not(name: str, wire: bytes) -> None:
    check = Draft202012Validator(schema(name))
    message: dict[str, Any] = msgspec.json.decode(wire)
    check.validate(message)
    check.validate(message | {"something": "new"})
    for damaged in ({**message, "schema": 2}, {**message, "camera": 3, "node": 3}, {}):
        with pytest.raises(ValidationError):
            check.validate(damaged)
