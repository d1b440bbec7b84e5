"""YAML text becomes plain mappings, lists and scalars, or an error that says where the text is wrong.

Stricter than YAML: no duplicate keys (YAML lets the last one win in silence), no aliases (a few lines of
them can expand to gigabytes), no tags, at most 256 KiB.
"""

from collections.abc import Hashable
from pathlib import Path
from typing import Any, final

import yaml

from penumbra.errors import ConfigError
from penumbra.masking import shown

MAX_BYTES = 256 * 1024


def read_yaml_file(path: Path) -> dict[Any, Any]:
    """The mapping a YAML file holds.

    Raises:
        ConfigError: The file cannot be read, is too large, is not UTF-8 or YAML, or holds no mapping.
    """
    return parse_yaml(_read(path), str(path))


def parse_yaml(text: str, name: str) -> dict[Any, Any]:
    """The mapping that YAML text holds; `name` is what errors call its file.

    Raises:
        ConfigError: The text is not YAML as accepted here, or holds no mapping.
    """
    try:
        value = yaml.load(text, Loader=_StrictLoader)  # noqa: S506 (a SafeLoader, stricter)
    except yaml.MarkedYAMLError as error:
        raise ConfigError(f"{name}{_position(error)}: {_reason(error)}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigError(f"{name}: is not YAML text: {_first_line(str(error))}.") from error
    except RecursionError as error:
        raise ConfigError(f"{name}: is nested too deeply. A pipeline file needs about six levels.") from error
    if value is None:
        raise ConfigError(f"{name}: is empty. Start with `private:` and its `cameras:`.")
    if not isinstance(value, dict):
        raise ConfigError(f"{name}: holds no mapping. Start with `private:` and its `cameras:`.")
    return value


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: there is no such file. Check the path after -c.") from error
    except IsADirectoryError as error:
        raise ConfigError(f"{path}: is a folder. Name the pipeline file in it.") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}). Check its permissions.") from error
    if len(raw) > MAX_BYTES:
        raise ConfigError(f"{path}: is larger than {MAX_BYTES // 1024} KiB, so it is not a pipeline file.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{path}: is not text (byte {error.start} is not UTF-8). Save it as UTF-8."
        ) from error


@final
class _StrictLoader(yaml.SafeLoader):
    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(
                problem="aliases (*name) are not accepted. Write the value out", problem_mark=event.start_mark
            )
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key_node, _ in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a key must be a word", problem_mark=key_node.start_mark)
            if key_node.value in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"the key {shown(key_node.value)} stands here a second time. Keep one of them",
                    problem_mark=key_node.start_mark,
                )
            seen.add(key_node.value)
        return super().construct_mapping(node, deep=deep)


def _position(error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    return "" if mark is None else f": line {mark.line + 1}, column {mark.column + 1}"


def _reason(error: yaml.MarkedYAMLError) -> str:
    problem = _first_line(error.problem or error.context or "this is not YAML")
    if "found character '\\t'" in problem:
        problem = "a tab cannot indent YAML. Use spaces"
    elif "could not determine a constructor for the tag" in problem:
        problem = "tags (!name) are not accepted. Write a plain value"
    elif "mapping values are not allowed here" in problem:
        problem = "a colon stands where YAML allows none. Put the value in quotes, or check the indentation"
    return f"{problem}."


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0].rstrip(".") if text.strip() else "unknown"
