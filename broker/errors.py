"""Everything that can go wrong on the wire.

BrokerError
├── BadName          a camera, node or stream name that may not stand in a topic
├── BadAddress       a broker address that cannot be read
├── BadAccount       an account that a broker cannot have
├── BadMessage       bytes that are not the message they claim to be (`reason` is a metric label)
├── LinkError        the connection to a broker
│   ├── Unreachable      nobody answers, or the broker refuses the account
│   ├── NotAllowed       the account may not do that
│   ├── Undelivered      the broker did not take a message in time
│   └── TooLarge         the broker takes no message of that size
├── Refused          the release gate holds something back (`reason` is a metric label)
├── EmbeddedBrokerError  the broker that `penumbra up` starts does not start
└── ProductionError      the configuration of a production broker cannot be written
"""


class BrokerError(Exception):
    """The root of this package's errors."""


class BadName(BrokerError):
    """A name that may not stand in a topic."""


class BadAddress(BrokerError):
    """A broker address that cannot be read."""


class BadAccount(BrokerError):
    """An account that a broker cannot have: given twice, or of a role that has nothing to do there."""


class BadMessage(BrokerError):
    """Bytes that are not the message they claim to be.

    Attributes:
        reason: A short, fixed word for logs and metric labels; never a part of the payload.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


class LinkError(BrokerError):
    """The connection to a broker."""


class Unreachable(LinkError):
    """Nobody answers at the broker's address, or the broker refuses the account."""


class NotAllowed(LinkError):
    """The broker's access list does not let this account do that."""


class Undelivered(LinkError):
    """The broker did not take a message in time."""


class TooLarge(LinkError):
    """The broker takes no message of that size."""


class Refused(BrokerError):
    """The release gate holds something back.

    Attributes:
        reason: A short, fixed word for logs and metric labels; never a part of what was held back.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


class EmbeddedBrokerError(BrokerError):
    """The broker that `penumbra up` starts does not start."""


class ProductionError(BrokerError):
    """The configuration of a production broker cannot be written."""
