"""What a command would run, checked as far as can be without starting anything."""

from typing import Final, Literal, final

from rich.console import Console

from broker.address import BrokerAddress
from broker.topic import Role
from monitoring.masking import mask_source, mask_url
from penumbra.brokers import Broker, ConfiguredBroker, analyzer_names, helper_names
from penumbra.costs import cost_text
from penumbra.elsewhere_settings import elsewhere_lines
from penumbra.node_settings import (
    RedisPlace,
    analyzer_settings,
    bundle_name,
    camera_settings,
    check_policy,
    check_spread,
    distributed_settings,
    edge_settings,
    region_cost,
)
from penumbra.pipeline_schema import BrokerEntry, BudgetEntry, CameraEntry, Pipeline
from penumbra.units import count_text

Command = Literal["up", "replay", "camera", "edge", "analyzer"]

_STARTED_HERE: Final = "started here"


@final
class Somewhere:
    """Stands for a broker that would be started here."""

    def address_for(self, role: Role, name: str) -> BrokerAddress:
        """See `Broker`."""
        return BrokerAddress(host="127.0.0.1", port=1, username=f"{role}-{name}")


def print_plan(pipeline: Pipeline, command: Command) -> None:
    """Check everything that a command would use and print what it would run.

    Raises:
        BundleError, CameraError, EdgeError, AnalyzerError, BrokerError: Something cannot be used.
    """
    lines = plan(pipeline, command)
    console = Console(highlight=False, soft_wrap=True)
    console.print("The configuration is valid. It would run:", markup=False)
    for line in lines:
        console.print(f" {line}", markup=False)


def plan(pipeline: Pipeline, command: Command) -> list[str]:
    """The lines that say what would run; see `print_plan`."""
    private, cloud = _broker(pipeline.private.broker), _broker(pipeline.cloud.broker)
    lines = []
    if command in ("up", "camera"):
        camera_settings(pipeline, private)
        lines += [_camera(name, camera) for name, camera in pipeline.private.cameras.items()]
    if command in ("up", "replay", "edge"):
        edge_settings(pipeline, private, cloud)
        check_policy(pipeline.edge)
        check_spread(pipeline)
        lines.append(f"edge {pipeline.edge.name}: {_edge(pipeline)}")
        lines += _helpers(pipeline)
        lines += elsewhere_lines(pipeline) if command != "replay" else []
    if command in ("up", "replay", "analyzer"):
        for name in analyzer_names(pipeline):
            redis = RedisPlace(pipeline.cloud.redis.address if pipeline.cloud.redis else "", "")
            analyzer_settings(pipeline, name, cloud, redis)
        lines.append(f"{count_text(pipeline.cloud.analyzers, 'analyzer')} for {bundle_name(pipeline.edge)}")
    if command != "analyzer":
        lines.append(f"private broker: {_place(pipeline.private.broker)}")
    if command != "camera":
        lines.append(f"cloud broker: {_place(pipeline.cloud.broker)}")
    if command in ("up", "replay", "analyzer"):
        without = "none, answers are remembered in memory" if command == "analyzer" else _STARTED_HERE
        lines.append(f"Redis: {pipeline.cloud.redis.address if pipeline.cloud.redis else without}")
    return lines + _traces(pipeline, command)


def _traces(pipeline: Pipeline, command: Command) -> list[str]:
    home, away, lines = pipeline.private.traces, pipeline.cloud.traces, []
    if home is not None and command != "analyzer":
        crosses = "the id of each crosses" if home.share else "nothing of them crosses"
        lines.append(f"traces of the private side: to {mask_url(home.endpoint)}; {crosses}")
    if away is not None and command in ("up", "replay", "analyzer"):
        lines.append(f"traces of the cloud side: to {mask_url(away.endpoint)}")
    return lines


def _broker(entry: BrokerEntry | None) -> Broker:
    return Somewhere() if entry is None else ConfiguredBroker(entry)


def _place(entry: BrokerEntry | None) -> str:
    return _STARTED_HERE if entry is None else entry.address


def _edge(pipeline: Pipeline) -> str:
    edge = pipeline.edge
    if edge.kind == "shade":
        return f"pictures with every face shaded ({edge.shade or 'solid'}), for {bundle_name(edge)}"
    told = f"bundle {bundle_name(edge)} on {edge.regions or 'the regions it was made for'}"
    cost = region_cost(edge)
    if not cost.promises:
        return told
    limits = _limits(edge.budget)
    return f"{told}, under noise: {cost_text(cost)} a region{f', at most {limits}' if limits else ''}"


def _helpers(pipeline: Pipeline) -> list[str]:
    if pipeline.edge.kind != "distributed":
        return []
    told, here = distributed_settings(pipeline), len(helper_names(pipeline))
    place = f"{count_text(here, 'helper')} started here" if here else "helpers elsewhere"
    together = "none" if told.colluding == 1 else f"no {told.colluding} together"
    return [f"spread over {place}: {together} can rebuild a picture to more than SSIM {told.max_ssim:g}"]


def _limits(budget: BudgetEntry) -> str:
    windows = {"minute": budget.minute, "hour": budget.hour, "day": budget.day}
    parts = [f"{limit:g} a {window}" for window, limit in windows.items() if limit is not None]
    return f"epsilon_joint {', '.join(parts)} of each camera" if parts else ""


def _camera(name: str, camera: CameraEntry) -> str:
    parts = [mask_source(camera.source)]
    if camera.fps is not None:
        parts.append(f"{camera.fps:g} pictures/s")
    if camera.size is not None:
        parts.append(f"{camera.size[0]}x{camera.size[1]}")
    if camera.privacy_zones:
        parts.append(count_text(len(camera.privacy_zones), "privacy zone"))
    return f"camera {name}: {', '.join(parts)}"
