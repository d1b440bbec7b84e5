"""A self-test before work begins: is the broker there, what does it speak, does it take the largest message.

Brokers answer a message over their limit by cutting the connection (MQTT 3.1.1) or by a number (MQTT 5); met
in the middle of work that looks like a bad network. Here it becomes an error that names the remedy.
"""

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Final, final

from broker.address import BrokerAddress
from broker.errors import NotAllowed, TooLarge, Unreachable
from broker.mqtt import MqttTransport
from broker.transport import Incoming, Session, SessionLost, Transport

PROBE_TOPIC: Final = "penumbra/probe"
"""No account may write or read it. A broker looks at a packet's length before it looks at rights."""
PACKET_OVERHEAD: Final = 256
PROBE_SECONDS: Final = 15.0


@final
@dataclass(frozen=True)
class BrokerReport:
    """What was found out about a broker.

    Attributes:
        name: Where it is, for people.
        protocol: What it speaks.
        largest_bytes: A message of this size is taken.
        limit_bytes: The largest packet the broker says it takes; None where it does not say.
    """

    name: str
    protocol: str
    largest_bytes: int
    limit_bytes: int | None


async def probe_broker(
    address: BrokerAddress, *, client_id: str, largest_bytes: int, seconds: float = PROBE_SECONDS
) -> BrokerReport:
    """Test the broker at an address; see `probe`."""
    return await probe(MqttTransport(address, client_id, 1), largest_bytes, seconds=seconds)


async def probe(transport: Transport, largest_bytes: int, *, seconds: float = PROBE_SECONDS) -> BrokerReport:
    """Test that a broker can be reached and takes a message of `largest_bytes`.

    A limit that the broker states is believed, and nothing is sent. Where it states none, zeros of that size
    are published once where nobody may listen.

    Raises:
        Unreachable: Nobody answers, the account is refused, or there is no answer within `seconds`.
        TooLarge: The broker takes no message of that size; says what to change.
    """
    try:
        async with asyncio.timeout(seconds):
            session = await transport.connect(None, _ignore)
            try:
                await _check(transport, session, largest_bytes)
            finally:
                await session.close()
    except TimeoutError:
        raise Unreachable(
            f"{transport.name} took no test message of {largest_bytes} bytes within {seconds:g} s"
        ) from None
    return BrokerReport(transport.name, session.protocol, largest_bytes, session.max_packet_bytes)


async def _check(transport: Transport, session: Session, size: int) -> None:
    limit = session.max_packet_bytes
    if limit is not None:
        if size + PACKET_OVERHEAD > limit:
            raise TooLarge(
                f"{transport.name} takes packets of at most {limit} bytes, messages may have {size}. "
                f"Set max_packet_size to {size + PACKET_OVERHEAD} or more at the broker, or send smaller "
                "pictures (size, quality)."
            )
        return
    try:
        await _send(session, size)
    except SessionLost as error:
        await _blame(transport, size, error)


async def _send(session: Session, size: int) -> None:
    with contextlib.suppress(NotAllowed):  # what had to be known is known: it was read whole
        await session.publish(PROBE_TOPIC, bytes(size), qos=1, retain=False)


async def _blame(transport: Transport, size: int, cause: SessionLost) -> None:
    """Tell a size limit from a broker that is failing: only the first still takes a small message."""
    session = await transport.connect(None, _ignore)
    try:
        await _send(session, 1)
    except SessionLost:
        raise Unreachable(f"{transport.name} cuts every connection: {cause}") from cause
    finally:
        await session.close()
    raise TooLarge(
        f"{transport.name} cuts the connection over a message of {size} bytes, but takes small ones. "
        "Raise its message size limit (mosquitto: max_packet_size), or send smaller pictures (size, quality)."
    ) from cause


def _ignore(incoming: Incoming) -> None:
    incoming.acknowledge()
