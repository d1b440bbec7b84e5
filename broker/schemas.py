"""JSON schemas of what is published as JSON, made from the messages' types and their documentation.

Version 2020-12 (https://json-schema.org/draft/2020-12/schema). A reader has to ignore what it does not know:
fields are added without a new schema number; one that changes its meaning or goes gets the next.
"""

import inspect
import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from broker.answers import Answer
from broker.home_messages import HomeState
from broker.private_topics import ANSWERS, CAMERA_STATUS, NODE_STATUS
from broker.status import CameraStatus, NodeStatus

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_REF: Final = "#/$defs/{name}"
_FIELD: Final = re.compile(r"^    (\w+): (.*(?:\n        .*)*)", re.MULTILINE)

_PUBLISHED: Final[Mapping[str, tuple[str, tuple[type[msgspec.Struct], ...]]]] = {
    "answers": (f"What is published at {ANSWERS.pattern} and posted to a webhook", (Answer,)),
    "status": (
        f"What is published at {CAMERA_STATUS.pattern} and {NODE_STATUS.pattern}",
        (CameraStatus, NodeStatus),
    ),
    "home": ("What is published at penumbra/home/{id} for Home Assistant", (HomeState,)),
}
NAMES: Final = tuple(_PUBLISHED)


def schema(name: str) -> dict[str, Any]:
    """The JSON schema of what `NAMES` lists under a name; each field says what it is, with its unit."""
    title, kinds = _PUBLISHED[name]
    refs, definitions = msgspec.json.schema_components(kinds, ref_template=_REF)
    for kind in _reachable(kinds):
        _document(definitions[kind.__name__], kind)
    whole = refs[0] if len(refs) == 1 else {"anyOf": list(refs)}
    return {"$schema": DIALECT, "title": title, **whole, "$defs": dict(sorted(definitions.items()))}


def schema_text(name: str) -> str:
    """The same as text, as it is committed."""
    return msgspec.json.format(msgspec.json.encode(schema(name)), indent=2).decode() + "\n"


def _reachable(kinds: tuple[type[msgspec.Struct], ...]) -> set[type[msgspec.Struct]]:
    """These types and all that they are made of."""
    found: set[type[msgspec.Struct]] = set()
    waiting: list[Any] = [msgspec.inspect.type_info(kind) for kind in kinds]
    while waiting:
        info = waiting.pop()
        if isinstance(info, msgspec.inspect.StructType):
            if info.cls in found:
                continue
            found.add(info.cls)
            waiting += [field.type for field in info.fields]
        for part in ("types", "item_types"):
            waiting += getattr(info, part, ())
        for part in ("item_type", "key_type", "value_type"):
            if hasattr(info, part):
                waiting.append(getattr(info, part))
    return found


def _document(definition: dict[str, Any], kind: type[msgspec.Struct]) -> None:
    """Add what the type's documentation says, and that the schema's number is always there and this one."""
    fields = definition["properties"]
    for field, described in _fields(kind).items():
        fields[field] = {"description": described, **fields[field]}
    definition["description"] = (inspect.getdoc(kind) or "").partition("\n")[0]
    if "schema" in fields:
        fields["schema"] = {
            "description": fields["schema"]["description"],
            "const": fields["schema"]["default"],
        }
        definition["required"].append("schema")


def _fields(kind: type[msgspec.Struct]) -> dict[str, str]:
    """What the type's documentation says of each field, under `Attributes:`."""
    text = inspect.getdoc(kind) or ""
    listed = text.partition("\nAttributes:\n")[2].partition("\n\n")[0]
    described = {name: " ".join(said.split()) for name, said in _FIELD.findall(listed)}
    return {name: described[name] for name in kind.__struct_fields__ if name in described}
