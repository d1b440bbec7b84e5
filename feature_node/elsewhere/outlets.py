"""Where answers go besides the private broker: Home Assistant, a webhook, both or neither.

Whoever answers tells it here and goes on at once; what is slow or away holds no frame up. Nothing here can
name a frame.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Final, final

from broker.answers import Answer
from feature_node.elsewhere.home_assistant import HomeAssistant
from feature_node.elsewhere.settings import HomeAssistantSettings, WebhookSettings
from feature_node.elsewhere.webhook import Webhook
from monitoring.health import Check

LAST_WORDS_SECONDS: Final = 3.0


@final
class Outlets:
    """Takes every answer that the edge gives."""

    def __init__(self, home_assistant: HomeAssistant | None = None, webhook: Webhook | None = None) -> None:
        self._home_assistant = home_assistant
        self._webhook = webhook

    def tell(self, answer: Answer) -> None:
        """Pass an answer on; returns at once."""
        if self._home_assistant is not None:
            self._home_assistant.announcer.take(answer)
        if self._webhook is not None:
            self._webhook.take(answer)

    @property
    def checks(self) -> Mapping[str, Callable[[], Check]]:
        """How those are that there are, for `/readyz`."""
        found: dict[str, Callable[[], Check]] = {}
        if self._home_assistant is not None:
            found["home-assistant"] = self._home_assistant.check
        if self._webhook is not None:
            found["webhook"] = self._webhook.check
        return found

    @asynccontextmanager
    async def running(self, tasks: asyncio.TaskGroup) -> AsyncIterator[None]:
        """Bring answers there for as long as the context lasts; leaving it waits briefly for the webhook."""
        async with contextlib.AsyncExitStack() as stack:
            if self._home_assistant is not None:
                await stack.enter_async_context(self._home_assistant.running(tasks))
            if self._webhook is not None:
                await stack.enter_async_context(self._webhook.running(tasks, LAST_WORDS_SECONDS))
            yield


NOWHERE: Final = Outlets()


def make_outlets(
    home_assistant: HomeAssistantSettings | None, webhook: WebhookSettings | None, *, node: str, record: Path
) -> Outlets:
    """Prepare what the settings name; nothing is sent yet.

    Args:
        home_assistant: Home Assistant, where it is to be told.
        webhook: The webhook, where there is one.
        node: The edge's name.
        record: The file that says what Home Assistant was told of.

    Raises:
        BadSettings: A secret, the record or a library that is needed cannot be used.
    """
    home, hook = None, None
    if home_assistant is not None:
        home = HomeAssistant(home_assistant, node=node, version=version("penumbra"), record=record)
    if webhook is not None:
        from feature_node.elsewhere.webhook_post import HttpPoster  # noqa: PLC0415 - only who has a webhook
        from feature_node.elsewhere.webhook_secrets import read_secrets  # noqa: PLC0415

        hook = Webhook(webhook, HttpPoster(webhook), read_secrets(webhook))
    return Outlets(home, hook)
