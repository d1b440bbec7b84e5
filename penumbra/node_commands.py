"""`penumbra camera`, `edge`, `helper` and `analyzer`: one node in this process, as production runs it."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from penumbra import flags as f
from penumbra import options as o
from penumbra.errors import ConfigError
from penumbra.pipeline_file import load_pipeline, pipeline_of_flags
from penumbra.pipeline_schema import Pipeline

MetricsOption = Annotated[
    str,
    typer.Option("--metrics", help='Where /metrics, /healthz and /readyz are served; "" for nowhere.'),
]
LogOption = Annotated[str, typer.Option("--log-format", help="console or json.")]
PrivateOption = Annotated[
    str | None, typer.Option("--private-broker", help="mqtt://HOST:1883 or mqtts://USER@HOST:8883.")
]
CloudOption = Annotated[
    str | None, typer.Option("--cloud-broker", help="mqtt://HOST:1883 or mqtts://USER@HOST:8883.")
]
PasswordOption = Annotated[
    Path | None, typer.Option("--password-file", help="The file with the brokers' password.")
]
CaOption = Annotated[Path | None, typer.Option("--ca-file", help="Certificates to trust.")]


def mount(app: typer.Typer) -> None:
    """Add the commands to an application."""
    app.command("camera")(camera)
    app.command("edge")(edge)
    app.command("helper")(helper)
    app.command("analyzer")(analyzer)


def camera(
    *,
    config: o.ConfigOption = None,
    source: o.SourceOption = None,
    name: Annotated[
        list[str] | None,
        typer.Option("--camera", help="The camera's name; of a pipeline file: run only this one."),
    ] = None,
    fps: o.FpsOption = None,
    size: o.SizeOption = None,
    quality: o.QualityOption = None,
    loop: o.LoopOption = False,
    realtime: o.PaceOption = None,
    privacy_zone: o.ZoneOption = None,
    max_lag: o.LagOption = None,
    private_broker: PrivateOption = None,
    password_file: PasswordOption = None,
    ca_file: CaOption = None,
    metrics: MetricsOption = "127.0.0.1:0",
    log_format: LogOption = "console",
    validate_config: o.ValidateOption = False,
) -> None:
    """Run cameras alone: pictures from their sources to the private broker."""
    names = name or []
    flags = f.CameraFlags(
        sources=source or (),
        names=names if source else (),
        fps=fps,
        size=size,
        quality=quality,
        loop=loop,
        realtime=realtime,
        zones=privacy_zone or (),
        max_lag=max_lag,
    )
    if config is not None:
        f.refuse_both(flags)
        pipeline = _only(load_pipeline(config), names, config)
    else:
        broker = _broker_keys(private_broker, password_file, ca_file)
        content = {"private": {"broker": broker, "cameras": flags.cameras()}}
        pipeline = pipeline_of_flags(content, f.FLAGS | {"address": "--private-broker"})
    _need(pipeline, ("private",))
    if validate_config:
        return _print_plan(pipeline, "camera")
    from camera_node.__main__ import run  # noqa: PLC0415 - only this command needs it
    from penumbra.brokers import configured  # noqa: PLC0415 - quick --help
    from penumbra.node_settings import camera_settings, with_node_options  # noqa: PLC0415 - quick --help

    settings = camera_settings(pipeline, configured(pipeline.private.broker))
    return run(with_node_options(settings, metrics, log_format))


def edge(
    *,
    config: o.ConfigOption = None,
    private_broker: PrivateOption = None,
    cloud_broker: CloudOption = None,
    password_file: PasswordOption = None,
    ca_file: CaOption = None,
    bundle: o.BundleOption = None,
    extractor: o.ExtractorOption = None,
    regions: o.RegionsOption = None,
    shade: o.ShadeOption = None,
    detector: o.DetectorOption = None,
    metrics: MetricsOption = "127.0.0.1:0",
    log_format: LogOption = "console",
    validate_config: o.ValidateOption = False,
) -> None:
    """Run the edge node alone: the only place where pictures and the cloud meet."""
    keys = f.edge_keys(bundle, extractor, regions, shade, detector)
    if config is not None:
        pipeline = load_pipeline(config, keys, needs_cameras=False)
    else:
        content = {
            "private": {"broker": _broker_keys(private_broker, password_file, ca_file)},
            "cloud": {"broker": _broker_keys(cloud_broker, password_file, ca_file)},
            "edge": keys,
        }
        pipeline = pipeline_of_flags(content, f.FLAGS)
    _need(pipeline, ("private", "cloud"))
    if validate_config:
        return _print_plan(pipeline, "edge")
    from feature_node.__main__ import run  # noqa: PLC0415 - only this command needs it
    from penumbra.brokers import configured  # noqa: PLC0415 - quick --help
    from penumbra.node_settings import edge_settings, with_node_options  # noqa: PLC0415 - quick --help

    private, cloud = configured(pipeline.private.broker), configured(pipeline.cloud.broker)
    return run(with_node_options(edge_settings(pipeline, private, cloud), metrics, log_format))


def helper(
    *,
    config: o.ConfigOption = None,
    name: Annotated[str, typer.Option("--name", help="This helper's name; its account is helper-NAME.")],
    private_broker: Annotated[
        str | None,
        typer.Option("--private-broker", "--broker", help="mqtt://HOST:1883 or mqtts://USER@HOST:8883."),
    ] = None,
    password_file: PasswordOption = None,
    ca_file: CaOption = None,
    memory: Annotated[str, typer.Option("--memory", help="For weights, for example 512 MB.")] = "1 GB",
    rate: Annotated[str, typer.Option("--rate", help="Its network's data rate.")] = "72.2 Mb/s",
    metrics: MetricsOption = "127.0.0.1:0",
    log_format: LogOption = "console",
) -> None:
    """Run a helping device alone: partial sums of some feature maps, and never a picture.

    How many multiplications a second it can do is measured when it starts.
    """
    if config is not None:
        pipeline = load_pipeline(config, needs_cameras=False)
    else:
        broker = _broker_keys(private_broker, password_file, ca_file)
        pipeline = pipeline_of_flags(
            {"private": {"broker": broker}}, f.FLAGS | {"address": "--private-broker"}
        )
    _need(pipeline, ("private",))
    from feature_node.distributed.helper_node import run  # noqa: PLC0415 - only this command needs it
    from penumbra.brokers import configured  # noqa: PLC0415 - quick --help
    from penumbra.node_settings import helper_settings, with_node_options  # noqa: PLC0415 - quick --help

    settings = helper_settings(name, configured(pipeline.private.broker), memory=memory, rate=rate)
    return run(with_node_options(settings, metrics, log_format))


def analyzer(
    *,
    config: o.ConfigOption = None,
    name: Annotated[str, typer.Option("--name", help="This analyzer's name.")] = "analyzer-1",
    cloud_broker: CloudOption = None,
    redis: Annotated[
        str | None, typer.Option("--redis", help="redis://HOST:6379/0; left out: remember in memory.")
    ] = None,
    password_file: PasswordOption = None,
    ca_file: CaOption = None,
    bundle: o.BundleOption = None,
    metrics: MetricsOption = "127.0.0.1:0",
    log_format: LogOption = "console",
    validate_config: o.ValidateOption = False,
) -> None:
    """Run an analyzer alone: answers to features, and never a picture."""
    if config is not None:
        pipeline = load_pipeline(config, {"bundle": bundle}, needs_cameras=False)
    else:
        broker = _broker_keys(cloud_broker, password_file, ca_file)
        content = {"cloud": {"broker": broker, "redis": redis}, "edge": {"bundle": bundle}}
        pipeline = pipeline_of_flags(content, f.FLAGS | {"address": "--cloud-broker", "redis": "--redis"})
    _need(pipeline, ("cloud",))
    if validate_config:
        return _print_plan(pipeline, "analyzer")
    from analyzer_node.__main__ import run  # noqa: PLC0415 - only this command needs it
    from penumbra.brokers import configured  # noqa: PLC0415 - quick --help
    from penumbra.node_settings import (  # noqa: PLC0415 - quick --help
        analyzer_settings,
        redis_place,
        with_node_options,
    )

    settings = analyzer_settings(
        pipeline, name, configured(pipeline.cloud.broker), redis_place(pipeline.cloud.redis)
    )
    return run(with_node_options(settings, metrics, log_format))


def _broker_keys(
    address: str | None, password_file: Path | None, ca_file: Path | None
) -> dict[str, Any] | None:
    if address is None:
        return None
    return {
        "address": address,
        "password_file": str(password_file) if password_file else None,
        "ca_file": str(ca_file) if ca_file else None,
    }


def _need(pipeline: Pipeline, sides: tuple[Literal["private", "cloud"], ...]) -> None:
    for side in sides:
        if getattr(pipeline, side).broker is None:
            raise ConfigError(
                f"{side}.broker: is missing. A node alone needs a broker that runs: name it in the pipeline "
                f"file or with --{side}-broker. (penumbra up starts one by itself.)"
            )


def _only(pipeline: Pipeline, names: list[str], config: Path) -> Pipeline:
    known = pipeline.private.cameras
    for name in names:
        if name not in known:
            raise ConfigError(f'--camera: {config} has no camera "{name}". It has {", ".join(known)}.')
    kept = {name: camera for name, camera in known.items() if not names or name in names}
    private = pipeline.private.model_copy(update={"cameras": kept})
    return pipeline.model_copy(update={"private": private})


def _print_plan(pipeline: Pipeline, command: Literal["camera", "edge", "analyzer"]) -> None:
    from penumbra.plan import print_plan  # noqa: PLC0415 - imports the nodes' settings

    print_plan(pipeline, command)
