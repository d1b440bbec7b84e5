"""Where else answers go: what the edge is told of Home Assistant and of a webhook; no secret is held here."""

from pathlib import Path
from typing import Final, Literal

import msgspec

from broker.address import BrokerAddress
from broker.home_topics import DISCOVERY_PREFIX
from broker.identity import is_name
from feature_node.elsewhere.webhook_url import check_webhook_url
from feature_node.errors import BadSettings

MAX_QUEUE: Final = 4096
MAX_LISTED: Final = 256


class HomeAssistantSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Home Assistant.

    Attributes:
        address: The private broker, under the announcer's account.
        discovery_prefix: Where Home Assistant listens for devices.
        cameras: The site's cameras; others are announced when their first answer comes. Where none is
            named, a camera stays announced until it is taken away by hand.
    """

    address: BrokerAddress
    discovery_prefix: str = DISCOVERY_PREFIX
    cameras: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse values out of bounds."""
        if not is_name(self.discovery_prefix) or not all(is_name(camera) for camera in self.cameras):
            raise BadSettings(
                "edge.home_assistant: holds a prefix or a camera that may not stand in a topic."
            )


class WebhookSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A webhook.

    Attributes:
        url: Where answers are posted.
        token_file: A file with the token of the `Authorization: Bearer` header.
        secret_file: A file with the key of the signature.
        ca_file: Certificates to trust instead of the system's.
        allow_http: Whether plain http may leave this host's networks.
        on: Post when what is seen changes, or every answer.
        labels: Post only of these; empty: of all.
        min_confidence: Count only regions of at least this score.
        cameras: Post only of these; empty: of all.
        timeout: Seconds that one attempt may take.
        give_up: Seconds after which an answer is tried no more.
        queue: Answers that may wait; over it the oldest makes room.
    """

    url: str
    token_file: Path | None = None
    secret_file: Path | None = None
    ca_file: Path | None = None
    allow_http: bool = False
    on: Literal["changes", "every"] = "changes"
    labels: tuple[str, ...] = ()
    min_confidence: float = 0.0
    cameras: tuple[str, ...] = ()
    timeout: float = 10.0
    give_up: float = 60.0
    queue: int = 256

    def __post_init__(self) -> None:
        """Refuse values out of bounds, naming the first."""
        try:
            check_webhook_url(self.url, allow_http=self.allow_http)
        except ValueError as error:
            raise BadSettings(f"edge.webhook.url {error}") from None
        for name, fits, allowed in self._rules():
            if not fits:
                raise BadSettings(f"edge.webhook.{name}: {getattr(self, name)!r} is not {allowed}")

    def _rules(self) -> tuple[tuple[str, bool, str], ...]:
        return (
            ("labels", len(self.labels) <= MAX_LISTED, f"a list of at most {MAX_LISTED}"),
            ("cameras", len(self.cameras) <= MAX_LISTED, f"a list of at most {MAX_LISTED}"),
            ("min_confidence", 0 <= self.min_confidence <= 1, "between 0 and 1"),
            ("timeout", 0 < self.timeout <= 120, "above 0 and at most 120 seconds"),
            ("give_up", 0 < self.give_up <= 3600, "above 0 and at most 3600 seconds"),
            ("queue", 1 <= self.queue <= MAX_QUEUE, f"between 1 and {MAX_QUEUE} answers"),
        )
