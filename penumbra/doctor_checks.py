"""The single checks of `penumbra doctor`: each looks at one thing, within a time, and never raises."""

import asyncio
import secrets
import sys
import time
from importlib.metadata import version
from typing import Final

from analyzer_node.embedded_redis import find_server
from analyzer_node.errors import AnalyzerError
from analyzer_node.redis_address import open_client, parse_address
from broker.address import BrokerAddress
from broker.bounds import MAX_FEATURES_BYTES, MAX_FRAME_BYTES
from broker.embedded_programs import amqtt_program, mosquitto_program
from broker.errors import BrokerError, TooLarge
from broker.probe import probe_broker
from broker.status import NodeStatus
from camera_node.clock import host_clock
from camera_node.errors import CameraError
from camera_node.open_source import open_source
from camera_node.settings import CameraSpec
from feature_node.errors import EdgeError
from feature_node.noise_settings import noise_of
from feature_node.release.chains import chain_of
from models.bundle import load_analyzer, load_extractor
from models.catalogue import find
from models.errors import BundleError
from models.reading import load_manifest
from monitoring.masking import mask_source, mask_text
from penumbra.costs import cost_text
from penumbra.findings import Finding
from penumbra.node_settings import RedisPlace, bundle_name, check_policy, noise_settings, region_cost
from penumbra.pipeline_schema import EdgeEntry
from penumbra.units import age_text, bytes_text

CAMERA_SECONDS: Final = 30.0
REDIS_SECONDS: Final = 5.0
CLOCK_TOLERANCE: Final = 0.1
_LARGEST: Final = {"private broker": MAX_FRAME_BYTES, "cloud broker": MAX_FEATURES_BYTES}


def check_versions() -> Finding:
    """This program's version, and its interpreter's."""
    python = ".".join(str(part) for part in sys.version_info[:3])
    return Finding("ok", "version", f"penumbra {version('penumbra')}, Python {python}")


def check_clock() -> Finding:
    """Whether this host's clock follows a reference."""
    if host_clock() == "synchronised":
        return Finding("ok", "clock", "follows a reference")
    return Finding(
        "warn",
        "clock",
        "nothing keeps this clock right: ages across hosts are off by its error",
        "Turn on time synchronisation (timedatectl set-ntp true, or install chrony).",
    )


async def check_embedded_broker(name: str) -> Finding:
    """Whether a broker can be started here."""
    program = await mosquitto_program() or amqtt_program()
    if program is not None:
        return Finding("ok", name, f"is started here: {program.kind}")
    return Finding(
        "fail", name, "none is named, and none is installed", "apt install mosquitto, or pip install amqtt."
    )


async def check_broker(name: str, address: BrokerAddress) -> Finding:
    """Whether a broker is there, takes the account, and takes the largest message."""
    largest = _LARGEST[name]
    try:
        report = await probe_broker(
            address, client_id=f"doctor-{secrets.token_hex(4)}", largest_bytes=largest
        )
    except TooLarge as error:
        return Finding("fail", name, str(error))
    except BrokerError as error:
        remedy = "Check the address, the account and its password file, and that the broker runs."
        return Finding("fail", name, str(error), remedy)
    link = "TLS" if address.tls else "not encrypted"
    detail = f"{address}: {report.protocol}, {link}, accepts {bytes_text(largest)}"
    local = address.host in {"127.0.0.1", "::1", "localhost"}
    if not address.tls and not local:
        return Finding("warn", name, detail, "Use mqtts:// (penumbra broker config writes what it needs).")
    if report.protocol != "MQTT 5":
        return Finding(
            "warn", name, detail, "A broker that speaks MQTT 5 (mosquitto 2) holds fewer messages."
        )
    return Finding("ok", name, detail)


def check_embedded_redis() -> Finding:
    """Whether a Redis can be started here."""
    try:
        return Finding("ok", "Redis", f"is started here: {find_server()}")
    except AnalyzerError as error:
        return Finding("fail", "Redis", str(error))


async def check_redis(place: RedisPlace) -> list[Finding]:
    """Whether Redis answers, and how its clock differs from ours."""
    try:
        address = parse_address(place.url, password_file=place.password_file, password_env=place.password_env)
        client = open_client(address, timeout=REDIS_SECONDS)
    except AnalyzerError as error:
        return [Finding("warn", "Redis", str(error), "Answers go on without it, uncached.")]
    try:
        before = time.time()
        seconds, micros = await client.time()
        after = time.time()
        info = await client.info("server")
    except Exception as error:  # noqa: BLE001 - the library raises many kinds; all mean "no answer"
        detail = f"{address}: {mask_text(str(error)) or type(error).__name__}"
        return [Finding("warn", "Redis", detail, "Answers go on without it, uncached. Check that it runs.")]
    finally:
        await client.aclose()
    offset = seconds + micros / 1e6 - (before + after) / 2
    found = [Finding("ok", "Redis", f"{address}: {info.get('redis_version', 'unknown version')}")]
    return [*found, check_offset(offset, (after - before) / 2)]


def check_offset(offset: float, uncertainty: float) -> Finding:
    """How the cloud's clock differs from ours, in seconds; positive where the cloud's is ahead."""
    if abs(offset) <= CLOCK_TOLERANCE + uncertainty:
        return Finding("ok", "cloud clock", f"within {age_text(abs(offset) + uncertainty)} of this one")
    relation = "behind" if offset > 0 else "ahead of"
    return Finding(
        "warn",
        "cloud clock",
        f"this host is {age_text(abs(offset))} {relation} the cloud: ages are off by that much",
        "Synchronise both clocks.",
    )


async def check_camera(spec: CameraSpec) -> Finding:
    """Whether a source opens and gives a picture."""
    name = f"camera {spec.name}"
    try:
        async with asyncio.timeout(CAMERA_SECONDS), open_source(spec) as source:
            async for picture in source:
                fps = f", {source.info.fps:g} pictures/s" if source.info.fps else ""
                return Finding("ok", name, f"{spec.kind}: {picture.width}x{picture.height}{fps}")
    except CameraError as error:
        return Finding("fail", name, str(error))
    except TimeoutError:
        where = mask_source(spec.source)
        return Finding("fail", name, f"{where}: gave no picture within {CAMERA_SECONDS:g} s")
    return Finding("fail", name, f"{mask_source(spec.source)}: holds no picture")


def check_bundle(bundle: str, *, extractor: bool, analyzer: bool) -> Finding:
    """Whether a bundle's halves load."""
    try:
        path = find(bundle)
        halves = [load_extractor(path).manifest] if extractor else []
        halves += [load_analyzer(path).manifest] if analyzer else []
    except BundleError as error:
        return Finding("fail", "bundle", str(error), "penumbra bundle list shows those that ship.")
    if not halves:
        return Finding("ok", "bundle", f"{bundle}: not needed here")
    manifest = halves[0]
    return Finding("ok", "bundle", f"{manifest.name} {manifest.bundle_id}: {', '.join(manifest.labels)}")


def check_release(edge: EdgeEntry) -> list[Finding]:
    """Whether a bundle's numbers may leave as the site wants it; nothing where it wants nothing."""
    try:
        check_policy(edge)
        cost = region_cost(edge)
        manifest = load_manifest(find(bundle_name(edge)))
        if cost.promises and manifest.output:
            chain_of(manifest.output, noise_of(manifest, noise_settings(edge)))
    except EdgeError as error:
        return [Finding("fail", "release", str(error))]
    except BundleError:
        return []  # the bundle's own check has said so
    return [Finding("ok", "release", f"{cost_text(cost)} a region")] if cost.promises else []


def check_node(status: NodeStatus) -> Finding:
    """What a node says of itself."""
    name = f"{status.role} {status.node}"
    detail = f"{status.state}{': ' + status.detail if status.detail else ''}, version {status.version or '?'}"
    if status.state == "offline":
        return Finding("fail", name, "offline", f"Start it: penumbra {status.role} -c FILE.")
    if status.version and status.version != version("penumbra"):
        return Finding("warn", name, detail, f"This is {version('penumbra')}: run one version everywhere.")
    return Finding("ok" if status.state == "online" else "warn", name, detail)
