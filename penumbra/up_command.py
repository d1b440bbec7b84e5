"""`penumbra up`: the flags, and which screen."""

import asyncio
import sys
from typing import Annotated

import typer
from rich.console import Console

from penumbra import flags as f
from penumbra import options as o
from penumbra.pipeline_file import load_pipeline, pipeline_of_flags
from penumbra.pipeline_schema import Pipeline

SecondsOption = Annotated[
    float | None,
    typer.Option("--seconds", min=0.1, help="Stop by itself this long after everything is ready."),
]


def mount(app: typer.Typer) -> None:
    """Add the command to an application."""
    app.command("up")(up)


def up(
    *,
    config: o.ConfigOption = None,
    source: o.SourceOption = None,
    camera: o.CameraOption = None,
    fps: o.FpsOption = None,
    size: o.SizeOption = None,
    quality: o.QualityOption = None,
    loop: o.LoopOption = False,
    realtime: o.PaceOption = None,
    privacy_zone: o.ZoneOption = None,
    max_lag: o.LagOption = None,
    bundle: o.BundleOption = None,
    extractor: o.ExtractorOption = None,
    helpers: o.HelpersOption = None,
    max_ssim: o.MaxSsimOption = None,
    colluding: o.ColludingOption = None,
    regions: o.RegionsOption = None,
    shade: o.ShadeOption = None,
    detector: o.DetectorOption = None,
    traces: o.TracesOption = None,
    seconds: SecondsOption = None,
    validate_config: o.ValidateOption = False,
    verbose: o.VerboseOption = False,
) -> None:
    """Run everything on this machine: cameras, edge, analyzers, and the brokers and Redis they need.

    Without a pipeline file and without flags: a demo camera, and the question whether a face is a man's or a
    woman's. Ctrl-C stops in order: no new pictures, the last answers come in.
    """
    flags = f.CameraFlags(
        sources=source or (),
        names=camera or (),
        fps=fps,
        size=size,
        quality=quality,
        loop=loop,
        realtime=realtime,
        zones=privacy_zone or (),
        max_lag=max_lag,
    )
    spread = f.spread_keys(config, extractor, max_ssim, colluding)
    edge = {**f.edge_keys(bundle, extractor, regions, shade, detector), **spread}
    private, cloud = f.trace_keys(traces)
    pipeline = _pipeline(config, flags, edge, {"helpers": helpers, **private}, cloud)
    if validate_config:
        from penumbra.plan import print_plan  # noqa: PLC0415 - imports the nodes' settings

        print_plan(pipeline, "up")
        return
    _run(pipeline, seconds, verbose)


def _pipeline(
    config: o.ConfigOption,
    flags: f.CameraFlags,
    edge: dict[str, object],
    private: dict[str, object],
    cloud: dict[str, object],
) -> Pipeline:
    if config is None:
        private = {"cameras": flags.cameras(), **private}
        return pipeline_of_flags({"private": private, "edge": edge, "cloud": cloud}, f.FLAGS)
    f.refuse_both(flags)
    return load_pipeline(config, edge, private=private, cloud=cloud)


def _run(pipeline: Pipeline, seconds: float | None, verbose: bool) -> None:
    from penumbra.screen import LineScreen, Screen, TerminalScreen  # noqa: PLC0415 - quick --help
    from penumbra.up import run_up  # noqa: PLC0415 - quick --help

    console = Console(highlight=False)

    def say(text: str) -> None:
        console.print(text, markup=False, soft_wrap=not console.is_terminal)
        sys.stdout.flush()

    screen: Screen = TerminalScreen(console) if console.is_terminal else LineScreen(say)
    asyncio.run(run_up(pipeline, screen, say, seconds=seconds, verbose=verbose))
