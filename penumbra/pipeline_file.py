"""A pipeline file, or flags in its place, becomes one frozen `Pipeline`, or a list of all that is wrong."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from penumbra.errors import ConfigError
from penumbra.pipeline_problems import Where, dotted, in_file, problems
from penumbra.pipeline_schema import Pipeline
from penumbra.yaml_text import read_yaml_file

NO_CAMERA: Final = "is missing. A pipeline needs at least one camera under private.cameras."


def load_pipeline(
    path: Path,
    edge: Mapping[str, Any] | None = None,
    *,
    private: Mapping[str, Any] | None = None,
    cloud: Mapping[str, Any] | None = None,
    needs_cameras: bool = True,
) -> Pipeline:
    """The pipeline that a file describes; keys from flags replace the file's.

    Raises:
        ConfigError: Everything that is wrong with the file, each problem on its line.
    """
    content = read_yaml_file(path)
    if edge:
        content = _with_edge(content, edge)
    for side, flags in (("private", given(private or {})), ("cloud", given(cloud or {}))):
        if flags and isinstance(content.get(side) or {}, dict):
            content = {**content, side: {**(content.get(side) or {}), **flags}}
    where = in_file(str(path))
    pipeline = check_pipeline(content, where, path.parent)
    if needs_cameras and not pipeline.private.cameras:
        raise ConfigError(where(("private", "cameras")) + NO_CAMERA)
    return pipeline


def check_pipeline(content: Mapping[Any, Any], where: Where, folder: Path) -> Pipeline:
    """The pipeline that a mapping describes, with relative paths starting at `folder`.

    Raises:
        ConfigError: Everything that is wrong with it.
    """
    try:
        return Pipeline.model_validate(dict(content), context={"folder": folder})
    except ValidationError as error:
        raise ConfigError(*problems(error, Pipeline, content, where)) from None


def pipeline_of_flags(content: Mapping[str, Any], flags: Mapping[str, str]) -> Pipeline:
    """The pipeline that the command line describes without a file.

    Args:
        content: What a pipeline file would hold; None means "not given".
        flags: For each key the flag to blame, for example `size` → `--size`.

    Raises:
        ConfigError: Everything that is wrong with the flags.
    """

    def where(keys: tuple[str | int, ...]) -> str:
        if "[key]" in keys:
            return "--camera: "
        key = next((key for key in reversed(keys) if str(key) in flags), None)
        return f"{flags[str(key)]}: " if key is not None else f"{dotted(keys)}: "

    return check_pipeline(given(content), where, Path())


def given(content: Any) -> Any:
    """A nested mapping without what was not given: None, and mappings of nothing else."""
    if not isinstance(content, Mapping):
        return content
    kept = {key: given(value) for key, value in content.items() if value is not None}
    return {key: value for key, value in kept.items() if value != {}}


def _with_edge(content: Mapping[Any, Any], edge: Mapping[str, Any]) -> dict[Any, Any]:
    flags = given(edge)
    before = content.get("edge")
    if not flags or not (before is None or isinstance(before, dict)):
        return dict(content)
    kept = dict(before or {})
    if "bundle" in flags:
        if kept.get("extractor") != "distributed":
            kept.pop("extractor", None)
        kept.pop("shade", None)
    if flags.get("extractor") == "shade":
        kept.pop("bundle", None)
    before = kept.get("distributed")
    if "distributed" in flags and isinstance(before, dict):
        flags["distributed"] = {**before, **flags["distributed"]}
    return {**content, "edge": {**kept, **flags}}
