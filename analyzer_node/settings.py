"""What an analyzer is told: one frozen value, checked when it is made, that holds no secret."""

from pathlib import Path
from typing import Final, Literal

import msgspec

from analyzer_node.errors import BadSettings
from analyzer_node.redis_address import RedisAddress, parse_address
from broker.address import BrokerAddress
from broker.identity import check_name
from broker.plain_json import decode_plain, encode_plain
from monitoring.traces import TraceSettings

MAX_BUNDLES: Final = 64


class AnalyzerSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An analyzer node.

    Attributes:
        node: Its name; analyzers that share a cloud each have their own.
        cloud: The cloud broker.
        bundles: The analyzer halves to load: names of shipped bundles, or paths.
        redis: Where Redis is, as a URL without a password; None remembers in this process alone.
        redis_password_file: A file that holds its password.
        redis_password_env: Or the name of an environment variable that does.
        redis_ca_file: Certificates to trust instead of the system's.
        store_timeout_ms: Milliseconds that one call of Redis may take before answers go on without it.
        ttl_seconds: After how long Redis forgets answers, latest results and silent streams' histories.
        duplicate_seconds: For how long a repeated result is kept out of the history.
        history_length: Results kept a stream.
        batch_latency_ms: Milliseconds that a batch may wait for company where streams are many.
        max_batch: Regions that the network answers at once.
        in_flight: Messages that the broker may hand over before the first is answered.
        threads: Cores that one network may use.
        drain_seconds: How long the end may take, to answer what was received.
        group: Analyzers of one group share the work, where the broker can.
        metrics_address: Where `/metrics`, `/healthz` and `/readyz` are served; port 0 takes a free one, an
            empty text turns them off.
        traces: Where spans go: of the cloud side, they name no camera and no stream.
        log_format: For people or for machines.
    """

    node: str
    cloud: BrokerAddress
    bundles: tuple[Path, ...]
    redis: str | None = None
    redis_password_file: Path | None = None
    redis_password_env: str | None = None
    redis_ca_file: Path | None = None
    store_timeout_ms: float = 100.0
    ttl_seconds: int = 86_400
    duplicate_seconds: int = 600
    history_length: int = 1000
    batch_latency_ms: float = 2.0
    max_batch: int = 64
    in_flight: int = 64
    threads: int = 1
    drain_seconds: float = 5.0
    group: str = "analyzers"
    metrics_address: str = "127.0.0.1:0"
    traces: TraceSettings = TraceSettings()
    log_format: Literal["console", "json"] = "console"

    def __post_init__(self) -> None:
        """Refuse values that cannot be meant.

        Raises:
            BadSettings: One cannot; the text names it, its value and what is allowed.
            BadRedisAddress: The Redis address cannot be used.
            BadName: A name may not stand in a topic.
        """
        check_name("node", self.node)
        check_name("group", self.group)
        _within("bundles", len(self.bundles), 1, MAX_BUNDLES)
        _within("store_timeout_ms", self.store_timeout_ms, 1, 10_000)
        _within("ttl_seconds", self.ttl_seconds, 1, 86_400 * 365)
        _within("duplicate_seconds", self.duplicate_seconds, 1, 86_400)
        _within("history_length", self.history_length, 1, 1_000_000)
        _within("batch_latency_ms", self.batch_latency_ms, 0, 1000)
        _within("max_batch", self.max_batch, 1, 1024)
        _within("in_flight", self.in_flight, 1, 1024)
        _within("threads", self.threads, 1, 256)
        _within("drain_seconds", self.drain_seconds, 0.1, 600)
        self.redis_address()

    def redis_address(self) -> RedisAddress | None:
        """Read the Redis address; None where none is set."""
        if self.redis is None:
            return None
        return parse_address(
            self.redis,
            password_file=self.redis_password_file,
            password_env=self.redis_password_env,
            ca_file=self.redis_ca_file,
        )


def decode_settings(data: bytes) -> AnalyzerSettings:
    """Read settings from JSON.

    Raises:
        BadSettings: It is not JSON, or a field is missing, unknown or not allowed; the text names it.
    """
    try:
        return decode_plain(data, AnalyzerSettings)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadSettings(f"the analyzer's settings cannot be read: {error}") from None


def encode_settings(settings: AnalyzerSettings) -> bytes:
    """Write settings as the JSON that `decode_settings` reads."""
    return encode_plain(settings)


def _within(option: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise BadSettings(f"{option} is {value:g}, allowed is {low:g} to {high:g}.")
