"""The whole topic table: access rules, documentation and checks are made from it. No node imports it."""

from typing import Final

from broker.cloud_topics import CLOUD_TOPICS
from broker.helper_topics import HELPER_TOPICS
from broker.private_topics import PRIVATE_TOPICS
from broker.topic import AnyTopic

TABLE: Final[tuple[AnyTopic, ...]] = (*PRIVATE_TOPICS, *HELPER_TOPICS, *CLOUD_TOPICS)
