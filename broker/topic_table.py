"""The whole topic table: access rules, documentation and checks are made from it. No node imports it."""

from typing import Final

from broker.cloud_topics import CLOUD_TOPICS
from broker.helper_topics import HELPER_TOPICS
from broker.home_topics import DISCOVERY_PREFIX, home_topics
from broker.private_topics import PRIVATE_TOPICS
from broker.topic import AnyTopic


def table(discovery_prefix: str = DISCOVERY_PREFIX) -> tuple[AnyTopic, ...]:
    """Every row, with those of Home Assistant under its prefix.

    Raises:
        BadName: The prefix may not stand in a topic.
    """
    return (*PRIVATE_TOPICS, *home_topics(discovery_prefix), *HELPER_TOPICS, *CLOUD_TOPICS)


TABLE: Final = table()
