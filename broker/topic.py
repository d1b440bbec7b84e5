"""A row of the topic table: name, payload, side, QoS, rate, and who may write or read it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Final, Generic, Literal, TypeVar, final

ID: Final = "{id}"


class Side:
    """A marker: typed ends of one side do not fit a link of the other."""

    label: ClassVar[str]


@final
class Private(Side):
    """The side that sees pictures."""

    label = "private"


@final
class Cloud(Side):
    """The side that never does."""

    label = "cloud"


class Role(StrEnum):
    """Who connects to a broker."""

    CAMERA = "camera"
    EDGE = "edge"
    ANALYZER = "analyzer"
    VIEWER = "viewer"
    HELPER = "helper"
    MONITOR = "monitor"
    ANNOUNCER = "announcer"
    HOME_ASSISTANT = "home-assistant"


@dataclass(frozen=True)
class Grant:
    """A role that may write or read a topic: only under its own name, or under any."""

    role: Role
    scope: Literal["own", "any"]


S = TypeVar("S", bound=Side)
W = TypeVar("W")
R = TypeVar("R")


@dataclass(frozen=True)
class Topic(Generic[S, W, R]):
    """One row.

    Attributes:
        pattern: The topic with `{id}` where a camera, a stream or a node is named; a topic that there is
            only once names none, and its id is empty.
        side: The broker that carries it.
        written: The type that is written; `read` is the type that is read.
        read: See `written`.
        id_written: Takes the id from a message to be written.
        id_read: Takes the id from a decoded message; it must be that of the topic it came on.
        encode: From message to bytes.
        decode: From bytes to message; raises `BadMessage`.
        max_bytes: The longest message.
        retain: Whether the broker keeps the last message for those who come later.
        rate: How often it is written, in words.
        writers: Who may write it.
        readers: Who may read it.
        purpose: What it is for, one line.
        qos: MQTT quality of service.
    """

    pattern: str
    side: type[S]
    written: type[W]
    read: type[R]
    id_written: Callable[[W], str]
    id_read: Callable[[R], str]
    encode: Callable[[W], bytes]
    decode: Callable[[bytes], R]
    max_bytes: int
    retain: bool
    rate: str
    writers: tuple[Grant, ...]
    readers: tuple[Grant, ...]
    purpose: str
    qos: Literal[0, 1] = 1

    def path(self, topic_id: str) -> str:
        """Name the topic of one camera, stream or node."""
        return self.pattern.replace(ID, topic_id)

    @property
    def filter(self) -> str:
        """The MQTT filter that matches this topic of every id."""
        return self.pattern.replace(ID, "+")

    def id_of(self, path: str) -> str | None:
        """Take the id out of a concrete topic; None if the topic is not of this row."""
        prefix, named, suffix = self.pattern.partition(ID)
        if not named:
            return "" if path == self.pattern else None
        topic_id = path[len(prefix) : len(path) - len(suffix)]
        matches = path.startswith(prefix) and path.endswith(suffix) and topic_id and "/" not in topic_id
        return topic_id if matches else None


AnyTopic = Topic[Any, Any, Any]
