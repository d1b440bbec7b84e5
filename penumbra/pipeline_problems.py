"""What pydantic found wrong becomes sentences: where, which value, what is allowed; one a problem."""

import difflib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from monitoring.masking import mask_text
from penumbra.masking import shown

ELSEWHERE = {
    "edge.protect": "is written otherwise: the amount of noise under noise, its limits under budget.",
}

Where = Callable[[tuple[str | int, ...]], str]


def problems(
    error: ValidationError, model: type[BaseModel], content: Mapping[Any, Any], where: Where
) -> list[str]:
    """Every problem of a failed validation as a sentence.

    Args:
        error: What pydantic raised.
        model: The model that was validated against; its keys are suggested where one is mistyped.
        content: What was validated.
        where: Names a place for the reader, from the path of keys to it.
    """

    def written(keys: tuple[str | int, ...]) -> str:
        return where(_written(keys, content))

    return list(
        dict.fromkeys(_sentence(details, model, written) for details in error.errors(include_url=False))
    )


def in_file(name: str) -> Where:
    """Places of a file: `pipeline.yaml: private.cameras.yard.size: `."""

    def where(keys: tuple[str | int, ...]) -> str:
        path = dotted(keys)
        return f"{name}: {path}: " if path else f"{name}: "

    return where


def dotted(keys: Iterable[str | int]) -> str:
    """A path of keys as `private.cameras.yard.privacy_zones[0]`."""
    text = ""
    for key in keys:
        if isinstance(key, int):
            text += f"[{key}]"
        elif key != "[key]":
            text += f".{key}" if text else str(key)
    return mask_text(text)


def _sentence(details: ErrorDetails, model: type[BaseModel], where: Where) -> str:
    keys, kind, value = details["loc"], details["type"], details["input"]
    if kind == "extra_forbidden":
        return where(keys[:-1]) + _unknown_key(keys, model)
    if kind == "missing":
        return where(keys) + _missing(str(keys[-1]))
    if kind == "value_error":
        text = str(details["ctx"]["error"])
        return where(keys) + (f"{shown(value, dotted(keys))} {text}" if text.startswith("is ") else text)
    if kind in {"model_type", "dict_type", "model_attributes_type"}:
        return where(keys) + f"{shown(value)} stands where a mapping belongs. Write {_expected(keys, model)}."
    if kind in {"tuple_type", "list_type"}:
        return where(keys) + f"{shown(value)} stands where a list belongs. Write [ … ]."
    return where(keys) + f"{shown(value, dotted(keys))} is not accepted: {details['msg']}."


def _written(keys: tuple[str | int, ...], content: Any) -> tuple[str | int, ...]:
    """The part of a path that stands in the file: a broker's address may be written without `address:`."""
    for depth, key in enumerate(keys):
        if isinstance(content, str):
            return keys[:depth]
        content = content.get(key) if isinstance(content, Mapping) else None
    return keys


def _missing(key: str) -> str:
    if key == "source":
        return "is missing. Say where the pictures come from, for example source: /dev/video0."
    return "is missing."


def _unknown_key(keys: tuple[str | int, ...], model: type[BaseModel]) -> str:
    elsewhere = ELSEWHERE.get(dotted(keys))
    if elsewhere is not None:
        return f"{keys[-1]}: {elsewhere}"
    key = str(keys[-1])
    allowed = _keys_at(keys[:-1], model)
    if "password" in key:
        remedy = "A password never stands here: write password_file: PATH or password_env: NAME."
        return f'"{key}" is not a key. {remedy}'
    nearest = difflib.get_close_matches(key, allowed, n=1, cutoff=0.5)
    meant = f'Did you mean "{nearest[0]}"? ' if nearest else ""
    return f"{shown(key)} is not a key. {meant}Allowed: {', '.join(allowed)}."


def _expected(keys: tuple[str | int, ...], model: type[BaseModel]) -> str:
    allowed = _keys_at(keys, model)
    return "keys and values, with these keys: " + ", ".join(allowed) if allowed else "keys and values"


def _keys_at(keys: Iterable[str | int], model: type[BaseModel]) -> list[str]:
    """The keys that the file accepts at a place; none where anything may be a key."""
    here: Any = model
    for key in keys:
        field = here.model_fields.get(str(key)) if _is_model(here) else None
        here = field.annotation if field is not None else _value_type(here)
        here = _innermost(here)
    return list(here.model_fields) if _is_model(here) else []


def _innermost(annotation: Any) -> Any:
    """The model in `Model | None` or `Annotated[Model, …]`; the annotation itself where there is none."""
    if _is_model(annotation) or _value_type(annotation) is not None:
        return annotation
    for argument in get_args(annotation):
        if _is_model(_innermost(argument)):
            return _innermost(argument)
    return annotation


def _value_type(annotation: Any) -> Any:
    origin = getattr(annotation, "__origin__", None)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return get_args(annotation)[1]
    return None


def _is_model(value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, BaseModel)
