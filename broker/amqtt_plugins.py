"""What amqtt asks before it lets anyone in or anything through: our accounts and their rights.

amqtt's own plugins know neither last wills nor a bound on what a slow subscriber has waiting.
"""
# mypy: disallow-subclassing-any=False
# amqtt has no type information.

import hmac
from dataclasses import dataclass
from typing import Final, final

from amqtt.contexts import Action, BaseContext
from amqtt.plugins.base import BaseAuthPlugin, BaseTopicPlugin
from amqtt.session import Session

from broker.acl import covers
from broker.amqtt_settings import AmqttSettings

_NOBODY: Final = ""


@final
class Accounts(BaseAuthPlugin):
    """Lets in whoever has an account, its password, and the right to publish its last will."""

    @dataclass
    class Config:
        """What amqtt hands to this plugin."""

        settings: AmqttSettings

    def __init__(self, context: BaseContext) -> None:
        super().__init__(context)
        settings: AmqttSettings = context.config.settings
        self._accounts = settings.accounts

    async def authenticate(self, *, session: Session) -> bool:
        """Decide on a connection; amqtt would publish a will without asking again."""
        account = self._accounts.get(session.username or _NOBODY)
        if account is None or not hmac.compare_digest(
            account.password.encode(), (session.password or "").encode()
        ):
            return False
        will = session.will_topic if session.will_flag else None
        return will is None or any(covers(granted, will) for granted in account.write)


@final
class Rights(BaseTopicPlugin):
    """Lets through what an account's rights cover, and no more than a bounded number at a time."""

    @dataclass
    class Config:
        """What amqtt hands to this plugin."""

        settings: AmqttSettings

    def __init__(self, context: BaseContext) -> None:
        super().__init__(context)
        settings: AmqttSettings = context.config.settings
        self._accounts = settings.accounts
        self._max_queued = settings.max_queued_messages

    async def topic_filtering(
        self, *, session: Session | None = None, topic: str | None = None, action: Action | None = None
    ) -> bool:
        """Decide on a publication, a subscription, or one message on its way to a subscriber."""
        account = self._accounts.get((session.username if session else None) or _NOBODY)
        if account is None or session is None or not topic:
            return False
        granted = account.write if action is Action.PUBLISH else account.read
        # What is sent but not acknowledged is all that waits: amqtt holds back nothing.
        full = action is Action.RECEIVE and session.inflight_out_count >= self._max_queued
        return not full and any(covers(topic_filter, topic) for topic_filter in granted)
