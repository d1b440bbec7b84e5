"""What the flags say, as the keys that a pipeline file would hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, final

from penumbra.errors import ConfigError
from penumbra.masking import shown
from penumbra.options import ExtractorName, RegionsName, ShadeName

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
"""What a key is called on the command line, for errors that name it."""


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
