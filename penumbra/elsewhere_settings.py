"""What the edge is told of Home Assistant and of the webhook, taken from the pipeline."""

from broker.topic import Role
from feature_node.elsewhere.settings import HomeAssistantSettings, WebhookSettings
from feature_node.elsewhere.webhook_secrets import read_secrets
from feature_node.elsewhere.webhook_url import webhook_place
from penumbra.brokers import Broker, configured
from penumbra.errors import ConfigError
from penumbra.pipeline_elsewhere import HomeAssistantEntry
from penumbra.pipeline_schema import Pipeline


def home_assistant_settings(pipeline: Pipeline, private: Broker) -> HomeAssistantSettings | None:
    """Where Home Assistant is told; None where it is not.

    Raises:
        ConfigError: Nobody else could reach the private broker.
    """
    if pipeline.edge.home_assistant is None:
        return None
    if pipeline.private.broker is None:
        raise ConfigError(
            "edge.home_assistant: needs a broker that Home Assistant can reach, and the one that is started "
            "here is for this program alone. Name one under private.broker, or take it out."
        )
    return _announcer(pipeline, private)


def announcer(pipeline: Pipeline) -> HomeAssistantSettings:
    """Where Home Assistant would be told, whether or not it is: on the broker that the pipeline names."""
    return _announcer(pipeline, configured(pipeline.private.broker))


def webhook_settings(pipeline: Pipeline) -> WebhookSettings | None:
    """Where answers are posted; None where they are not.

    Raises:
        ConfigError: It names a camera that the pipeline has not.
        BadSettings: A value that cannot be meant.
    """
    entry = pipeline.edge.webhook
    if entry is None:
        return None
    known = pipeline.private.cameras
    for camera in entry.cameras:
        if known and camera not in known:
            raise ConfigError(
                f'edge.webhook.cameras: "{camera}" is no camera of this pipeline. Write one of: '
                f"{', '.join(known)}."
            )
    return WebhookSettings(**entry.model_dump())


def elsewhere_lines(pipeline: Pipeline) -> list[str]:
    """Where answers would go besides the private broker, for people; the webhook's secrets are read once.

    Raises:
        ConfigError: See `webhook_settings`.
        BadSettings: A secret cannot be read.
    """
    lines = []
    if pipeline.edge.home_assistant is not None:
        lines.append(f"Home Assistant: devices under {pipeline.edge.home_assistant.discovery_prefix}/device")
    webhook = webhook_settings(pipeline)
    if webhook is not None:
        read_secrets(webhook)
        when = "when what is seen changes" if webhook.on == "changes" else "every answer"
        lines.append(f"webhook: {webhook_place(webhook.url)}, {when}")
    return lines


def _announcer(pipeline: Pipeline, private: Broker) -> HomeAssistantSettings:
    entry = pipeline.edge.home_assistant or HomeAssistantEntry()
    return HomeAssistantSettings(
        address=private.address_for(Role.ANNOUNCER, pipeline.edge.name),
        discovery_prefix=entry.discovery_prefix,
        cameras=tuple(pipeline.private.cameras),
    )
