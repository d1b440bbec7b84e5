"""The options that several commands share, and how they become what a pipeline file would hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final, final

import typer

from penumbra.errors import ConfigError
from penumbra.masking import shown

CAMERA_PANEL: Final = "Cameras"
EDGE_PANEL: Final = "What leaves this machine"

FLAGS: Final = {
    "source": "--source",
    "fps": "--fps",
    "size": "--size",
    "quality": "--quality",
    "privacy_zones": "--privacy-zone",
    "max_lag": "--max-lag",
    "bundle": "--bundle",
    "extractor": "--extractor",
    "regions": "--regions",
    "shade": "--shade",
    "detector": "--detector",
    "helpers": "--helpers",
    "max_ssim": "--max-ssim",
    "colluding": "--colluding",
    "traces": "--traces",
}


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


@final
@dataclass(frozen=True)
class CameraFlags:
    """What the flags say of cameras; None is "not given"."""

    sources: Sequence[str] = ()
    names: Sequence[str] = ()
    fps: float | None = None
    size: str | None = None
    quality: int | None = None
    loop: bool = False
    realtime: bool | None = None
    zones: Sequence[str] = ()
    max_lag: str | None = None

    @property
    def given(self) -> bool:
        """Whether any of them was given."""
        return self != CameraFlags()

    def cameras(self) -> dict[str, dict[str, Any]]:
        """For each camera the keys that a pipeline file would hold.

        Raises:
            ConfigError: Names and sources do not match, or a zone cannot be read.
        """
        sources = list(self.sources) or ["demo:"]
        names = list(self.names) or camera_names(sources)
        if len(names) != len(sources):
            raise ConfigError(
                f"--camera: {len(names)} given for {len(sources)} sources. Give each one name, or none."
            )
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ConfigError(f"--camera: {shown(twice)} is given twice. Give each camera its own name.")
        return {
            name: {"source": source, **self._common()} for name, source in zip(names, sources, strict=True)
        }

    def _common(self) -> Mapping[str, Any]:
        pace = None if self.realtime is None else ("realtime" if self.realtime else "fast")
        return {
            "fps": self.fps,
            "size": self.size,
            "quality": self.quality,
            "loop": self.loop or None,
            "pace": pace,
            "privacy_zones": [read_zone(zone) for zone in self.zones] or None,
            "max_lag": self.max_lag,
        }


def camera_names(sources: Sequence[str]) -> list[str]:
    """Names for sources that were given none: demo, camera, camera-2 and so on."""
    names: list[str] = []
    for source in sources:
        base = "demo" if source.rstrip(":") == "demo" else "camera"
        taken = sum(name.startswith(base) for name in names)
        names.append(f"{base}-{taken + 1}" if taken else base)
    return names


def read_zone(text: str) -> list[list[int]]:
    """The corners of a polygon written X,Y X,Y X,Y.

    Raises:
        ConfigError: It is not of that form.
    """
    try:
        corners = [[int(number) for number in corner.split(",")] for corner in text.split()]
    except ValueError:
        corners = []
    if len(corners) < 3 or any(len(corner) != 2 or min(corner) < 0 for corner in corners):
        raise ConfigError(
            f'--privacy-zone: {shown(text)} is not a zone. Write three or more corners: "0,0 200,0 200,480".'
        )
    return corners


def edge_keys(
    bundle: str | None,
    extractor: ExtractorName | None,
    regions: RegionsName | None,
    shade: ShadeName | None,
    detector: str | None,
) -> dict[str, Any]:
    """What a pipeline file would hold under `edge`; choosing a style of shading chooses to shade."""
    if shade is not None and extractor is None and bundle is None:
        extractor = ExtractorName.SHADE
    return {
        "bundle": bundle,
        "extractor": extractor and extractor.value,
        "regions": regions and regions.value,
        "shade": shade and shade.value,
        "detector": detector,
    }


def spread_keys(
    config: Path | None, extractor: ExtractorName | None, max_ssim: float | None, colluding: int | None
) -> dict[str, Any]:
    """What a pipeline file would hold of how an extractor is spread over helpers.

    Raises:
        ConfigError: Nothing is spread.
    """
    keys = {"max_ssim": max_ssim, "colluding": colluding}
    told = next((key for key, value in keys.items() if value is not None), None)
    if told is not None and extractor is not ExtractorName.DISTRIBUTED and (config is None or extractor):
        raise ConfigError(
            f"{FLAGS[told]}: says what helpers may rebuild, and nothing is spread over helpers. Add "
            "--extractor distributed, or leave it out."
        )
    return {"distributed": keys}


def trace_keys(endpoint: str | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a pipeline file would hold under `traces` of either side; one collector sees the whole way."""
    if endpoint is None:
        return {}, {}
    return {"traces": {"endpoint": endpoint, "share": True}}, {"traces": endpoint}


def refuse_both(flags: CameraFlags) -> None:
    """Refuse cameras on the command line next to a pipeline file, which has its own.

    Raises:
        ConfigError: Both were given.
    """
    if flags.given:
        raise ConfigError("--config: a pipeline file names its own cameras. Leave out --source and the like.")
