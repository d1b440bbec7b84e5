"""The options that several commands share."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

CAMERA_PANEL: Final = "Cameras"
EDGE_PANEL: Final = "What leaves this machine"


class ExtractorName(StrEnum):
    """What turns a picture into what may leave."""

    BUNDLE = "bundle"
    DISTRIBUTED = "distributed"
    SHADE = "shade"


class RegionsName(StrEnum):
    """Which parts of a picture are asked about."""

    FACES = "faces"
    WHOLE = "whole"


class ShadeName(StrEnum):
    """How a region is shaded."""

    SOLID = "solid"
    BLUR = "blur"
    MOSAIC = "mosaic"


ConfigOption = Annotated[
    Path | None, typer.Option("--config", "-c", help="The pipeline file.", show_default=False)
]
SourceOption = Annotated[
    list[str] | None,
    typer.Option(
        "--source",
        help="A video file, a folder of images, rtsp://, http://, /dev/video0 or demo:. May be repeated.",
        rich_help_panel=CAMERA_PANEL,
        show_default=False,
    ),
]
CameraOption = Annotated[
    list[str] | None,
    typer.Option(
        "--camera",
        help="The name of each source, in order.",
        rich_help_panel=CAMERA_PANEL,
        show_default=False,
    ),
]
FpsOption = Annotated[
    float | None,
    typer.Option("--fps", help="At most so many pictures a second.", rich_help_panel=CAMERA_PANEL),
]
SizeOption = Annotated[
    str | None,
    typer.Option("--size", help="Fit pictures into WIDTHxHEIGHT.", rich_help_panel=CAMERA_PANEL),
]
QualityOption = Annotated[
    int | None,
    typer.Option(
        "--quality", help="JPEG quality on the private side, 1 to 100.", rich_help_panel=CAMERA_PANEL
    ),
]
LoopOption = Annotated[
    bool, typer.Option("--loop", help="Start a file again at its end.", rich_help_panel=CAMERA_PANEL)
]
PaceOption = Annotated[
    bool | None,
    typer.Option(
        "--realtime/--fast",
        help="Play a file at its own speed, or as fast as its answers come.",
        rich_help_panel=CAMERA_PANEL,
        show_default=False,
    ),
]
ZoneOption = Annotated[
    list[str] | None,
    typer.Option(
        "--privacy-zone",
        help='Black out a polygon at the source: "0,0 200,0 200,480". May be repeated.',
        rich_help_panel=CAMERA_PANEL,
        show_default=False,
    ),
]
LagOption = Annotated[
    str | None,
    typer.Option(
        "--max-lag",
        help="Drop live pictures older than this, for example 500ms.",
        rich_help_panel=CAMERA_PANEL,
    ),
]
BundleOption = Annotated[
    str | None,
    typer.Option(
        "--bundle",
        help="A shipped bundle's name or the path of one (penumbra bundle list).",
        rich_help_panel=EDGE_PANEL,
        show_default="gender-ours",
    ),
]
ExtractorOption = Annotated[
    ExtractorName | None,
    typer.Option(
        "--extractor",
        help="Numbers made by a bundle, the same spread over helpers, or pictures with shaded faces.",
        rich_help_panel=EDGE_PANEL,
        show_default="bundle",
    ),
]
HelpersOption = Annotated[
    int | None,
    typer.Option(
        "--helpers",
        help="Helping devices to run here, with --extractor distributed.",
        rich_help_panel=EDGE_PANEL,
        show_default="8",
    ),
]
MaxSsimOption = Annotated[
    float | None,
    typer.Option(
        "--max-ssim",
        help="How similar to the picture a helper may rebuild it, by the measured table.",
        rich_help_panel=EDGE_PANEL,
        show_default="0.6",
    ),
]
ColludingOption = Annotated[
    int | None,
    typer.Option(
        "--colluding",
        help="So many helpers together stay under --max-ssim.",
        rich_help_panel=EDGE_PANEL,
        show_default="1",
    ),
]
TracesOption = Annotated[
    str | None,
    typer.Option(
        "--traces",
        help="Send every part's spans to this OpenTelemetry collector, for example http://127.0.0.1:4318; "
        "a frame's trace then goes on in the cloud.",
        show_default=False,
    ),
]
RegionsOption = Annotated[
    RegionsName | None,
    typer.Option(
        "--regions", help="Ask about each face, or about the whole picture.", rich_help_panel=EDGE_PANEL
    ),
]
ShadeOption = Annotated[
    ShadeName | None,
    typer.Option("--shade", help="How faces are shaded.", rich_help_panel=EDGE_PANEL),
]
DetectorOption = Annotated[
    str | None,
    typer.Option("--detector", help="centerface, or the path of a YuNet model.", rich_help_panel=EDGE_PANEL),
]
ValidateOption = Annotated[
    bool, typer.Option("--validate-config", help="Check everything, say what would run, and stop.")
]
VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="Also show what the parts log.")]
