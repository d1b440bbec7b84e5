"""What a replay's answers say of privacy: what each message was charged, and all of them together."""

from typing import final

import msgspec

from broker.answers import Answer


class Charged(msgspec.Struct, frozen=True, kw_only=True):
    """What the messages of a replay were charged; None where they carried no such guarantee.

    Attributes:
        epsilon_joint: The sum over all messages.
        epsilon_joint_most: The largest of one message.
        epsilon_per_coordinate: The largest of one number.
        messages: Messages that crossed.
        repeated: Those of them that were charged nothing: they said again what was said before.
    """

    epsilon_joint: float | None = None
    epsilon_joint_most: float | None = None
    epsilon_per_coordinate: float | None = None
    messages: int = 0
    repeated: int = 0


@final
class Charges:
    """Adds up answers, each once."""

    def __init__(self) -> None:
        self._charged = Charged()

    def take(self, answer: Answer) -> None:
        """Count an answer; one of which nothing crossed was charged nothing."""
        if answer.bytes_cloud > 0:
            self._charged = joined(self._charged, _of(answer))

    @property
    def charged(self) -> Charged:
        """All so far."""
        return self._charged


def joined(a: Charged, b: Charged) -> Charged:
    """Take two together."""
    return Charged(
        epsilon_joint=_sum(a.epsilon_joint, b.epsilon_joint),
        epsilon_joint_most=_largest(a.epsilon_joint_most, b.epsilon_joint_most),
        epsilon_per_coordinate=_largest(a.epsilon_per_coordinate, b.epsilon_per_coordinate),
        messages=a.messages + b.messages,
        repeated=a.repeated + b.repeated,
    )


def _of(answer: Answer) -> Charged:
    protection = answer.protection
    return Charged(
        epsilon_joint=protection.epsilon_joint,
        epsilon_joint_most=protection.epsilon_joint,
        epsilon_per_coordinate=protection.epsilon_per_coordinate,
        messages=1,
        repeated=int(protection.epsilon_joint == 0 and bool(answer.regions)),
    )


def _sum(a: float | None, b: float | None) -> float | None:
    return b if a is None else a if b is None else a + b


def _largest(a: float | None, b: float | None) -> float | None:
    return b if a is None else a if b is None else max(a, b)
