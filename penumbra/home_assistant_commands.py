"""`penumbra home-assistant`: look at what it is told, and take devices away."""

import asyncio
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from penumbra.errors import ConfigError
from penumbra.pipeline_file import load_pipeline
from penumbra.pipeline_schema import Pipeline

app = typer.Typer(no_args_is_help=True, help="What Home Assistant is told: show it, take devices away.")

ConfigOption = Annotated[Path, typer.Option("--config", "-c", help="The pipeline file.")]


@app.command()
def show(*, config: ConfigOption) -> None:
    """Print every device as it is announced: one JSON object a line, with its topic."""
    import msgspec  # noqa: PLC0415 - quick --help

    from broker.home_topics import discovery  # noqa: PLC0415
    from feature_node.elsewhere.home_device import camera_device, edge_device  # noqa: PLC0415
    from penumbra.elsewhere_settings import announcer  # noqa: PLC0415

    pipeline = _load(config)
    node, now = pipeline.edge.name, version("penumbra")
    topic = discovery(announcer(pipeline).discovery_prefix)
    cameras = (camera_device(camera, node, now) for camera in pipeline.private.cameras)
    for device in (edge_device(node, now), *cameras):
        line = {"topic": topic.path(device.device), "payload": device.config}
        sys.stdout.write(msgspec.json.encode(line).decode() + "\n")


@app.command()
def remove(
    *,
    config: ConfigOption,
    camera: Annotated[
        list[str] | None, typer.Option("--camera", help="Only this camera; left out: all, and the edge.")
    ] = None,
) -> None:
    """Take devices away. Take home_assistant out of the file first, or a running edge brings them back."""
    from broker.identity import check_name  # noqa: PLC0415 - quick --help
    from feature_node.elsewhere.announced import Announced, announced_beside  # noqa: PLC0415
    from feature_node.elsewhere.taking_away import take_away  # noqa: PLC0415
    from penumbra.elsewhere_settings import announcer  # noqa: PLC0415
    from penumbra.key_place import key_file  # noqa: PLC0415

    pipeline = _load(config)
    edge = pipeline.edge.name
    announced = Announced(announced_beside(key_file(pipeline), edge))
    named = [check_name("camera", name) for name in camera or ()]
    gone = named or sorted({*announced.cameras, *pipeline.private.cameras})
    asyncio.run(take_away(announcer(pipeline), announced, gone, None if named else edge))
    told = [f"camera {name}" for name in gone] + ([] if named else [f"edge {edge}"])
    sys.stdout.write("".join(f"Taken away: {name}\n" for name in told))


def _load(config: Path) -> Pipeline:
    pipeline = load_pipeline(config, needs_cameras=False)
    if pipeline.private.broker is None:
        raise ConfigError(
            f"{config}: private.broker: is missing. Home Assistant listens on a broker that both can reach: "
            "name it."
        )
    return pipeline
