"""What the two ends of a distributed extractor are told: frozen values, checked when they are made."""

from pathlib import Path
from typing import Final, Literal

import msgspec

from broker.address import BrokerAddress
from broker.identity import is_name
from broker.plain_json import decode_plain
from feature_node.errors import BadSettings

WIRELESS_RATE: Final = 72.2e6 / 8
"""Bytes a second of IEEE 802.11n as Baccour et al. (2020), Section III, have it."""
MEMORY_BYTES: Final = 2**30


class DistributedSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How an edge spreads its extractor over helpers.

    Attributes:
        max_ssim: How similar to the picture a helper's best reconstruction may be; caps are read off a table.
        colluding: Any so many helpers together stay under it.
        keep_first: Layers that the edge computes itself though they could be handed out: the first ones, of
            which few maps give much away. None: as many as `max_ssim` asks for, at least one is handed out.
        deadline_ms: How long a frame may take; then it is dropped and counted.
        helpers: The first plan waits a while for so many: with fewer each sees more maps. 0: for as many
            as it takes at least.
        table: The measured table; None: `placement.json` in the bundle.
        rate_bytes_per_second: The source's own data rate; ρ of equation (5).
    """

    max_ssim: float = 0.6
    colluding: int = 1
    keep_first: int | None = None
    deadline_ms: float = 1000.0
    helpers: int = 0
    table: Path | None = None
    rate_bytes_per_second: float = WIRELESS_RATE

    def __post_init__(self) -> None:
        """Refuse values out of bounds, naming the first."""
        rules = (
            ("max_ssim", 0 < self.max_ssim <= 1, "above 0 and at most 1"),
            ("colluding", 1 <= self.colluding <= 64, "between 1 and 64 helpers"),
            (
                "keep_first",
                self.keep_first is None or 0 <= self.keep_first <= 1000,
                "between 0 and 1000 layers",
            ),
            ("deadline_ms", 1 <= self.deadline_ms <= 60_000, "between 1 and 60000 milliseconds"),
            ("helpers", 0 <= self.helpers <= 256, "between 0 and 256"),
            ("rate_bytes_per_second", 1 <= self.rate_bytes_per_second <= 1e12, "at least 1 byte a second"),
        )
        for name, fits, allowed in rules:
            if not fits:
                raise BadSettings(f"edge.distributed.{name}: {getattr(self, name)!r} is not {allowed}")


class HelperSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A helping device.

    Attributes:
        helper: Its name.
        private: The broker of the side that sees pictures; of those it gets none.
        memory_bytes: Weights that it keeps, at most.
        rate_bytes_per_second: Data rate of its network, as it announces it.
        multiplications_per_second: As it announces them; None: measured at its start.
        metrics_address: HOST:PORT of /metrics, /healthz and /readyz; empty for none.
        log_format: For people or as JSON.
    """

    helper: str
    private: BrokerAddress
    memory_bytes: int = MEMORY_BYTES
    rate_bytes_per_second: float = WIRELESS_RATE
    multiplications_per_second: float | None = None
    metrics_address: str = "127.0.0.1:0"
    log_format: Literal["console", "json"] = "console"

    def __post_init__(self) -> None:
        """Refuse values out of bounds, naming the first."""
        speed = self.multiplications_per_second
        rules = (
            ("name", is_name(self.helper), self.helper, "a name of lower-case letters, digits, - and _"),
            ("memory", 1 <= self.memory_bytes <= 2**50, self.memory_bytes, "at least 1 byte"),
            ("rate", 1 <= self.rate_bytes_per_second <= 1e12, self.rate_bytes_per_second, "above 0"),
            ("multiplications", speed is None or 1 <= speed <= 1e18, speed, "above 0"),
        )
        for name, fits, value, allowed in rules:
            if not fits:
                raise BadSettings(f"helper.{name}: {value!r} is not {allowed}")


def decode_helper_settings(data: bytes) -> HelperSettings:
    """Read the settings that a helper gets on its standard input.

    Raises:
        BadSettings: It is not that, or a value is out of bounds.
    """
    try:
        return decode_plain(data, HelperSettings)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadSettings(f"the settings cannot be read: {error}") from error
