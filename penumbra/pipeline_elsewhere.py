"""How a pipeline file says where else answers go: Home Assistant and a webhook."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self, final

from pydantic import BeforeValidator, Field, model_validator

from penumbra.pipeline_entry import Entry
from penumbra.pipeline_values import FilePath, NameText, PlainText, Seconds, Switch, number, one_of, whole

MAX_LISTED = 256


def _switched(value: Any) -> Any:
    """`true` is all defaults and `false` is nothing; anything else has to be a mapping."""
    if value is True:
        return {}
    return None if value is False else value


def _read_prefix(value: Any) -> str:
    from broker.errors import BadName  # noqa: PLC0415 - quick --help
    from broker.home_topics import discovery  # noqa: PLC0415

    try:
        discovery(value if isinstance(value, str) else "")
    except BadName:
        raise ValueError(
            "is not a discovery prefix. Write the one that Home Assistant has, for example homeassistant."
        ) from None
    return str(value)


def _read_url(value: Any) -> str:
    from feature_node.elsewhere.webhook_url import check_webhook_url  # noqa: PLC0415 - quick --help

    if not isinstance(value, str):
        raise ValueError("is not the address of a webhook. Write https://HOST/PATH.")
    # Whether plain http is allowed is another key, so it is asked when both are known.
    check_webhook_url(value.strip(), allow_http=True)
    return value.strip()


@final
class HomeAssistantEntry(Entry):
    """Home Assistant listens on the private broker; it is told of each camera and of the edge.

    Attributes:
        discovery_prefix: Where it listens, unless its own configuration says otherwise.
    """

    discovery_prefix: Annotated[str, BeforeValidator(_read_prefix)] = "homeassistant"


HomeAssistant = Annotated[HomeAssistantEntry | None, BeforeValidator(_switched)]


@final
class WebhookEntry(Entry):
    """Where answers are posted as JSON.

    Attributes:
        url: https anywhere; http to this host or a private address, by number.
        token_file: A file with the token that is sent along (`Authorization: Bearer`).
        secret_file: A file with the key of the signature (HMAC-SHA256).
        ca_file: Certificates to trust instead of the system's.
        allow_http: Let answers go in clear text to any host.
        on: `changes`: when what is seen of a camera changes; `every`: each answer.
        labels: Only answers with such a region.
        min_confidence: Only regions of at least this score count.
        cameras: Only these cameras.
        timeout: How long one attempt may take.
        give_up: How long one answer is tried.
        queue: How many answers may wait; over it the oldest makes room.
    """

    url: Annotated[str, BeforeValidator(_read_url)]
    token_file: FilePath | None = None
    secret_file: FilePath | None = None
    ca_file: FilePath | None = None
    allow_http: Switch = False
    on: Annotated[Literal["changes", "every"], one_of("changes", "every")] = "changes"
    labels: Annotated[tuple[PlainText, ...], Field(max_length=MAX_LISTED)] = ()
    min_confidence: Annotated[float, number(0, 1, "a score")] = 0.0
    cameras: Annotated[tuple[NameText, ...], Field(max_length=MAX_LISTED)] = ()
    timeout: Seconds = 10.0
    give_up: Seconds = 60.0
    queue: Annotated[int, whole(1, 4096, "a number of answers")] = 256

    @model_validator(mode="before")
    @classmethod
    def _name_on(cls, value: Any) -> Any:
        """YAML 1.1 reads the bare key `on` as true; as a key of a webhook it can mean one thing only."""
        if not isinstance(value, Mapping) or "on" in value:
            return value
        return {"on" if key is True else key: kept for key, kept in value.items()}

    @model_validator(mode="after")
    def _check(self) -> Self:
        from feature_node.elsewhere.webhook_url import check_webhook_url  # noqa: PLC0415 - quick --help

        try:
            check_webhook_url(self.url, allow_http=self.allow_http)
        except ValueError as error:
            raise ValueError(f"url {error}") from None
        if self.timeout > 120 or self.give_up > 3600:
            raise ValueError("waits too long. timeout may be 120s at most, give_up 1h.")
        return self
