"""What each node is told, taken from the pipeline: pure functions from one frozen value to another."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar, final

import msgspec

from analyzer_node.settings import AnalyzerSettings
from broker.topic import Role
from camera_node.settings import CameraSettings, CameraSpec
from feature_node.budget.budgeted import check_budget
from feature_node.budget.settings import BudgetSettings
from feature_node.distributed.settings import WIRELESS_RATE, DistributedSettings, HelperSettings
from feature_node.noise_settings import NoiseSettings, noise_of
from feature_node.placement.devices import read_quantity
from feature_node.policy import Policy, admit, admit_cost
from feature_node.release.calibration import cost_of
from feature_node.release.mechanism import Cost
from feature_node.settings import EdgeSettings
from models.catalogue import find
from models.reading import load_manifest
from monitoring.traces import TraceSettings
from penumbra.brokers import Broker, helper_names
from penumbra.elsewhere_settings import home_assistant_settings, webhook_settings
from penumbra.errors import ConfigError
from penumbra.key_place import key_file
from penumbra.live_page import live_settings
from penumbra.masking import shown
from penumbra.pipeline_distributed import DistributedEntry
from penumbra.pipeline_schema import CameraEntry, EdgeEntry, Pipeline, RedisEntry
from penumbra.pipeline_traces import CloudTracesEntry, PrivateTracesEntry

DEFAULT_BUNDLE: Final = "gender-ours"
PICTURE_BUNDLE: Final = "people-present"

_AS_WRITTEN: Final = (
    "regions",
    "detection_size",
    "threshold",
    "dilate",
    "hold",
    "hold_seconds",
    "detect_every",
    "shade",
    "shade_shape",
    "max_lag",
    "answer_timeout",
)

T = TypeVar("T", bound=msgspec.Struct)


@final
@dataclass(frozen=True)
class RedisPlace:
    """Where Redis is; an empty URL means that none is used."""

    url: str
    shown: str
    password_file: Path | None = None
    password_env: str | None = None


def bundle_name(edge: EdgeEntry) -> str:
    """The bundle that the edge and its analyzers use; shaded pictures have a bundle of their own."""
    return edge.bundle or (PICTURE_BUNDLE if edge.kind == "shade" else DEFAULT_BUNDLE)


def shading_note(edge: EdgeEntry) -> str:
    """Say that the bundle does not read how faces are shaded; empty where it does.

    Raises:
        BundleError: The bundle cannot be read.
    """
    style = edge.shade or "solid"
    if edge.kind != "shade":
        return ""
    manifest = load_manifest(find(bundle_name(edge)))
    if not manifest.misreads(style):
        return ""
    return (
        f"{manifest.name} reads faces shaded {' or '.join(manifest.shading)}. With {style} the pictures "
        "are as private, but its answers mean little: shade so, or name a bundle made for this."
    )


def camera_spec(name: str, camera: CameraEntry, private: Broker) -> CameraSpec:
    """One camera with its own account.

    Raises:
        CameraError: A value that cannot be meant.
    """
    return CameraSpec(
        name=name,
        source=camera.source,
        fps=camera.fps,
        size=camera.size,
        quality=camera.quality,
        loop=camera.loop,
        pace=camera.pace,
        privacy_zones=camera.privacy_zones,
        max_lag=camera.max_lag,
        window=camera.window,
        password_file=camera.password_file,
        password_env=camera.password_env,
        broker=private.address_for(Role.CAMERA, name),
    )


def camera_settings(pipeline: Pipeline, private: Broker, only: str | None = None) -> CameraSettings:
    """A camera node that runs every camera, or `only` one."""
    chosen = {name: camera for name, camera in pipeline.private.cameras.items() if only in (None, name)}
    return CameraSettings(
        cameras=tuple(camera_spec(name, camera, private) for name, camera in chosen.items()),
        traces=trace_settings(pipeline.private.traces),
    )


def edge_settings(pipeline: Pipeline, private: Broker, cloud: Broker) -> EdgeSettings:
    """The edge node.

    Raises:
        BundleError: There is no such bundle.
        EdgeError: A value that cannot be meant.
    """
    edge = pipeline.edge
    chosen = {name: getattr(edge, name) for name in _AS_WRITTEN if getattr(edge, name) is not None}
    return EdgeSettings(
        site=pipeline.site,
        node=edge.name,
        private=private.address_for(Role.EDGE, edge.name),
        cloud=cloud.address_for(Role.EDGE, edge.name),
        key_file=key_file(pipeline),
        extractor=edge.kind,
        bundle=find(bundle_name(edge)).absolute(),
        detector=edge.detector,
        distributed=distributed_settings(pipeline),
        policy=policy_of(edge),
        noise=noise_settings(edge),
        budget=budget_settings(edge),
        in_flight=edge.in_flight,
        home_assistant=home_assistant_settings(pipeline, private),
        webhook=webhook_settings(pipeline),
        live=live_settings(pipeline.edge.live),
        traces=trace_settings(pipeline.private.traces),
        share_traces=pipeline.private.traces is not None and pipeline.private.traces.share,
        **chosen,
    )


def trace_settings(entry: PrivateTracesEntry | CloudTracesEntry | None) -> TraceSettings:
    """Where the spans of one side go."""
    return TraceSettings() if entry is None else TraceSettings(endpoint=entry.endpoint, ratio=entry.ratio)


def distributed_settings(pipeline: Pipeline) -> DistributedSettings:
    """How the extractor is spread over helpers, where it is.

    Raises:
        BadSettings: A value that cannot be meant.
    """
    entry = pipeline.edge.distributed or DistributedEntry()
    return DistributedSettings(
        max_ssim=entry.max_ssim,
        colluding=entry.colluding,
        keep_first=entry.keep_first,
        deadline_ms=entry.deadline_ms,
        helpers=len(helper_names(pipeline)),
        table=entry.table.absolute() if entry.table else None,
        rate_bytes_per_second=WIRELESS_RATE if entry.rate is None else entry.rate,
    )


def helper_settings(
    name: str, private: Broker, *, memory: str = "1 GB", rate: str = "72.2 Mb/s"
) -> HelperSettings:
    """A helping device; how fast it computes it measures itself.

    Raises:
        BadSettings: The memory or the rate cannot be read, or is none.
    """
    return HelperSettings(
        helper=name,
        private=private.address_for(Role.HELPER, name),
        memory_bytes=int(read_quantity("memory", memory, "--memory")),
        rate_bytes_per_second=read_quantity("rate", rate, "--rate"),
    )


def policy_of(edge: EdgeEntry) -> Policy:
    """What the site demands of what leaves."""
    return Policy(**edge.policy.model_dump())


def noise_settings(edge: EdgeEntry) -> NoiseSettings | None:
    """How much noise the site asks for, where it does."""
    return NoiseSettings(**edge.noise.model_dump()) if edge.noise else None


def budget_settings(edge: EdgeEntry) -> BudgetSettings:
    """What each camera may spend."""
    return BudgetSettings(**edge.budget.model_dump())


def check_spread(pipeline: Pipeline) -> None:
    """Refuse a pipeline whose extractor cannot be spread as it says, before anything of it runs.

    Raises:
        ConfigError: It has helpers and nothing for them to do.
        BadSettings, BundleError: Its network, its table or its helpers do not do.
    """
    edge = pipeline.edge
    if edge.kind != "distributed":
        if pipeline.private.helpers:
            raise ConfigError(
                f"private.helpers: {pipeline.private.helpers} helpers have nothing to do. Set edge.extractor "
                "to distributed (--extractor distributed), or take them out."
            )
        return
    from feature_node.distributed.loading import read_terms  # noqa: PLC0415 - loads ONNX Runtime

    bundle = find(bundle_name(edge))
    read_terms(bundle, load_manifest(bundle), distributed_settings(pipeline))


def check_policy(edge: EdgeEntry) -> None:
    """Refuse a pipeline whose bundle does not prove what the site demands, before anything of it runs.

    Raises:
        PolicyUnmet: It does not, or its release costs more; the text says in what, and what to do.
        BadNoise: The site asks for noise that the bundle was not made for.
        BadSettings: Its budget cannot be kept with this bundle.
        BundleError: The bundle cannot be read.
    """
    policy = policy_of(edge)
    bundle = find(bundle_name(edge))
    admit(policy, bundle if edge.kind != "shade" else None)
    what = (
        f"The bundle {bundle_name(edge)}" if edge.kind != "shade" else "Shading faces (edge.extractor: shade)"
    )
    cost = region_cost(edge)
    admit_cost(policy, cost, what)
    check_budget(budget_settings(edge), cost, what)


def region_cost(edge: EdgeEntry) -> Cost:
    """What the release of one region costs, in the amount that the site asks for.

    Raises:
        BadNoise: The site asks for noise that the bundle was not made for.
        BundleError: The bundle cannot be read.
    """
    if edge.kind == "shade":
        return Cost()
    manifest = load_manifest(find(bundle_name(edge)))
    noise = noise_of(manifest, noise_settings(edge))
    return cost_of(noise, manifest.output.numbers) if noise and manifest.output else Cost()


def analyzer_settings(pipeline: Pipeline, name: str, cloud: Broker, redis: RedisPlace) -> AnalyzerSettings:
    """One analyzer.

    Raises:
        BundleError: There is no such bundle.
    """
    return AnalyzerSettings(
        node=name,
        cloud=cloud.address_for(Role.ANALYZER, name),
        bundles=(find(bundle_name(pipeline.edge)).absolute(),),
        redis=redis.url or None,
        redis_password_file=redis.password_file,
        redis_password_env=redis.password_env,
        traces=trace_settings(pipeline.cloud.traces),
    )


def redis_place(entry: RedisEntry | None) -> RedisPlace:
    """Where the pipeline says that Redis is."""
    if entry is None:
        return RedisPlace("", "none")
    return RedisPlace(entry.address, entry.address, entry.password_file, entry.password_env)


def with_node_options(settings: T, metrics: str, log_format: str) -> T:
    """A node's settings with what only its command line says.

    Raises:
        ConfigError: The log format is neither.
    """
    if log_format not in ("console", "json"):
        raise ConfigError(f"--log-format: {shown(log_format)} is not one of these. Write console or json.")
    return msgspec.structs.replace(settings, metrics_address=metrics, log_format=log_format)
