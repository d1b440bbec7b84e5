"""`penumbra replay`: the flags, the progress bar, the summary."""

import asyncio
import contextlib
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from penumbra import flags as f
from penumbra import options as o
from penumbra.errors import ConfigError
from penumbra.pipeline_file import load_pipeline, pipeline_of_flags
from penumbra.pipeline_schema import Pipeline

FilesArgument = Annotated[
    list[str],
    typer.Argument(metavar="FILE...", help="Video files, or folders of images.", show_default=False),
]
OutOption = Annotated[
    Path | None, typer.Option("--out", help="Write every answer to this file, one JSON object a line.")
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on stdout, and nothing else there.")
]


def mount(app: typer.Typer) -> None:
    """Add the command to an application."""
    app.command("replay")(replay)


def replay(
    files: FilesArgument,
    *,
    config: o.ConfigOption = None,
    camera: Annotated[
        list[str] | None,
        typer.Option(
            "--camera", help="The name under which each file is replayed.", rich_help_panel=o.CAMERA_PANEL
        ),
    ] = None,
    fps: o.FpsOption = None,
    size: o.SizeOption = None,
    quality: o.QualityOption = None,
    realtime: o.PaceOption = None,
    privacy_zone: o.ZoneOption = None,
    bundle: o.BundleOption = None,
    extractor: o.ExtractorOption = None,
    helpers: o.HelpersOption = None,
    max_ssim: o.MaxSsimOption = None,
    colluding: o.ColludingOption = None,
    regions: o.RegionsOption = None,
    shade: o.ShadeOption = None,
    detector: o.DetectorOption = None,
    out: OutOption = None,
    json: JsonOption = False,
    validate_config: o.ValidateOption = False,
    verbose: o.VerboseOption = False,
) -> None:
    """Send every frame of files through the pipeline, and wait for the last answer.

    Without a pipeline file that names a private broker, everything that is needed runs here until the end.
    """
    flags = f.CameraFlags(
        sources=files,
        names=camera or file_names(files),
        fps=fps,
        size=size,
        quality=quality,
        realtime=bool(realtime),
        zones=privacy_zone or (),
    )
    spread = f.spread_keys(config, extractor, max_ssim, colluding)
    edge = {**f.edge_keys(bundle, extractor, regions, shade, detector), **spread}
    pipeline = _pipeline(config, flags, edge, helpers)
    if validate_config:
        from penumbra.plan import print_plan  # noqa: PLC0415 - imports the nodes' settings

        print_plan(pipeline, "replay")
        return
    _run(pipeline, out, as_json=json, verbose=verbose)


def file_names(files: Sequence[str]) -> list[str]:
    """A camera name for each file, made from the file's own: valid, and each different."""
    names: list[str] = []
    for file in files:
        stem = re.sub(r"[^a-z0-9_-]+", "-", Path(file).stem.lower())
        base = stem.strip("-_")[:48] or "clip"
        name, number = base, 2
        while name in names:
            name, number = f"{base}-{number}", number + 1
        names.append(name)
    return names


def _pipeline(
    config: Path | None, flags: f.CameraFlags, edge: dict[str, Any], helpers: int | None
) -> Pipeline:
    given = {"cameras": flags.cameras(), "helpers": helpers}
    of_flags = pipeline_of_flags({"private": given, "edge": edge}, f.FLAGS)
    if config is None:
        return of_flags
    of_file = load_pipeline(config, edge, private={"helpers": helpers}, needs_cameras=False)
    private = of_file.private.model_copy(update={"cameras": of_flags.private.cameras})
    return of_file.model_copy(update={"private": private})


def _run(pipeline: Pipeline, out: Path | None, *, as_json: bool, verbose: bool) -> None:
    from penumbra.replay import run_replay  # noqa: PLC0415 - quick --help
    from penumbra.replay_screen import ReplayScreen, print_outcome, say  # noqa: PLC0415 - quick --help

    with _answers_to(out) as write, ReplayScreen() as screen:
        outcome = asyncio.run(run_replay(pipeline, screen, write, log=say if verbose else None))
    print_outcome(outcome, as_json=as_json)
    if outcome.failed:
        sys.exit(1)


@contextlib.contextmanager
def _answers_to(out: Path | None) -> Iterator[Any]:
    """A function that takes every answer, and writes it where the user wants."""
    from broker.answers import Answer, encode_answer  # noqa: PLC0415 - quick --help

    if out is None:
        yield lambda _answer: None
        return
    try:
        with out.open("wb") as file:

            def write(answer: Answer) -> None:
                file.write(encode_answer(answer) + b"\n")

            yield write
    except OSError as error:
        raise ConfigError(f"--out: {out} cannot be written: {error.strerror}.") from error
