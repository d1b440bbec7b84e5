"""The topics of Home Assistant on the private broker, under a prefix that is chosen there."""

from typing import Final

from broker.bounds import MAX_HOME_BYTES
from broker.errors import BadName
from broker.home_messages import (
    Birth,
    Discovery,
    HomeState,
    NoState,
    decode_birth,
    decode_discovery,
    decode_home_state,
    encode_birth,
    encode_discovery,
    encode_home_state,
)
from broker.identity import is_name
from broker.topic import AnyTopic, Grant, Private, Role, Topic

DISCOVERY_PREFIX: Final = "homeassistant"
"""Where Home Assistant listens unless it is told otherwise."""

HOME_STATES: Final = Topic[Private, HomeState | NoState, HomeState](
    pattern="penumbra/home/{id}",
    side=Private,
    written=HomeState,
    read=HomeState,
    id_written=lambda state: state.camera,
    id_read=lambda state: state.camera,
    encode=encode_home_state,
    decode=decode_home_state,
    max_bytes=MAX_HOME_BYTES,
    retain=True,
    rate="on change, at most once a second",
    writers=(Grant(Role.ANNOUNCER, "any"),),
    readers=(Grant(Role.HOME_ASSISTANT, "any"),),
    purpose="each camera's newest answer, for Home Assistant",
)


def discovery(prefix: str = DISCOVERY_PREFIX) -> Topic[Private, Discovery, Discovery]:
    """Where devices are announced, under a prefix; raises `BadName` where that may not stand in a topic."""
    _check(prefix)
    return Topic(
        pattern=f"{prefix}/device/{{id}}/config",
        side=Private,
        written=Discovery,
        read=Discovery,
        id_written=lambda message: message.device,
        id_read=lambda message: message.device,
        encode=encode_discovery,
        decode=decode_discovery,
        max_bytes=MAX_HOME_BYTES,
        retain=True,
        rate="on every connect, and when Home Assistant starts",
        writers=(Grant(Role.ANNOUNCER, "any"),),
        readers=(Grant(Role.HOME_ASSISTANT, "any"),),
        purpose="what each device consists of; empty where it is gone",
    )


def birth(prefix: str = DISCOVERY_PREFIX) -> Topic[Private, Birth, Birth]:
    """Where Home Assistant says that it is there; see `discovery`."""
    _check(prefix)
    return Topic(
        pattern=f"{prefix}/status",
        side=Private,
        written=Birth,
        read=Birth,
        id_written=lambda _: "",
        id_read=lambda _: "",
        encode=encode_birth,
        decode=decode_birth,
        max_bytes=MAX_HOME_BYTES,
        retain=False,  # Home Assistant's own choice, and nothing here depends on it
        rate="when it starts and stops",
        writers=(Grant(Role.HOME_ASSISTANT, "any"),),
        readers=(Grant(Role.ANNOUNCER, "any"),),
        purpose="whether Home Assistant is there",
    )


def home_topics(prefix: str = DISCOVERY_PREFIX) -> tuple[AnyTopic, ...]:
    """Every row of Home Assistant's; see `discovery`."""
    return (HOME_STATES, discovery(prefix), birth(prefix))


def _check(prefix: str) -> None:
    if not is_name(prefix) or prefix == "penumbra":
        raise BadName(
            f'"{prefix[:80]}" is no discovery prefix. Use the one that Home Assistant has, of lower-case '
            f'letters, digits, "-" and "_", for example {DISCOVERY_PREFIX}.'
        )
