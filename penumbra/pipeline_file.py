"""A pipeline file, or flags in its place, becomes one frozen `Pipeline`, or a list of all that is wrong."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from penumbra.errors import ConfigError
from penumbra.pipeline_problems import Where, dotted, in_file, problems
from penumbra.pipeline_schema import Pipeline
from penumbra.yaml_text import read_yaml_file


def load_pipeline(path: Path, edge: Mapping[str, Any] | None = None) -> Pipeline:
    """The pipeline that a file describes; keys in `edge`, from flags, replace the file's.

    Raises:
        ConfigError: Everything that is wrong with the file, each problem on its line.
    """
    content = read_yaml_file(path)
    if edge:
        content = _with_edge(content, edge)
    return check_pipeline(content, in_file(str(path)), path.parent)


def check_pipeline(content: Mapping[Any, Any], where: Where, folder: Path) -> Pipeline:
    """The pipeline that a mapping describes, with relative paths starting at `folder`.

    Raises:
        ConfigError: Everything that is wrong with it.
    """
    try:
        return Pipeline.model_validate(dict(content), context={"folder": folder})
    except ValidationError as error:
        raise ConfigError(*problems(error, Pipeline, content, where)) from None


def pipeline_of_flags(
    cameras: Mapping[str, Mapping[str, Any]], edge: Mapping[str, Any], flags: Mapping[str, str]
) -> Pipeline:
    """The pipeline that the command line describes without a file.

    Args:
        cameras: For each camera the keys that flags gave; None means "not given".
        edge: The same for the edge.
        flags: For each key the flag to blame, for example `size` → `--size`.

    Raises:
        ConfigError: Everything that is wrong with the flags.
    """

    def where(keys: tuple[str | int, ...]) -> str:
        if "[key]" in keys:
            return "--camera: "
        key = next((key for key in reversed(keys) if str(key) in flags), None)
        return f"{flags[str(key)]}: " if key is not None else f"{dotted(keys)}: "

    content = {
        "private": {"cameras": {name: _given(camera) for name, camera in cameras.items()}},
        "edge": _given(edge),
    }
    return check_pipeline(content, where, Path())


def _given(keys: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in keys.items() if value is not None and value != []}


def _with_edge(content: Mapping[Any, Any], edge: Mapping[str, Any]) -> dict[Any, Any]:
    given = _given(edge)
    before = content.get("edge")
    if not given or not (before is None or isinstance(before, dict)):
        return dict(content)
    kept = dict(before or {})
    if "bundle" in given:
        kept.pop("extractor", None)
        kept.pop("shade", None)
    if given.get("extractor") == "shade":
        kept.pop("bundle", None)
    return {**content, "edge": {**kept, **given}}
