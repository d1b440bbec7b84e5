"""MQTT sessions over paho-mqtt. No other module touches the MQTT library.

The library's network thread calls back; everything is handed to the event loop at once, in order, so all
state here lives on the loop. Messages are acknowledged by whoever deals with them (manual acknowledgement),
which together with ReceiveMaximum makes the broker wait instead of queueing without end.
"""

import asyncio
import socket
from collections.abc import Callable
from typing import Any, Final, final

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from broker.address import BrokerAddress
from broker.errors import NotAllowed, TooLarge, Unreachable
from broker.link import Link
from broker.observer import LinkObserver
from broker.presence import Presence
from broker.tls import tls_context
from broker.topic import S
from broker.transport import Incoming, LastWill, SessionLost

CONNECT_SECONDS: Final = 5.0
KEEPALIVE_SECONDS: Final = 10
RECEIVE_MAXIMUM: Final = 16

_UNSUPPORTED_PROTOCOL: Final = 132
_NOT_AUTHORIZED: Final = 135
_TAKEN_OVER: Final = 142
_PACKET_TOO_LARGE: Final = 149
_FAILURE: Final = 128
_V5: Final = MQTTProtocolVersion.MQTTv5
_V311: Final = MQTTProtocolVersion.MQTTv311


def mqtt_link(
    side: type[S],
    address: BrokerAddress,
    *,
    client_id: str,
    presence: Presence[S, Any] | None = None,
    observer: LinkObserver | None = None,
    receive_maximum: int = RECEIVE_MAXIMUM,
) -> Link[S]:
    """Make a link to the broker of one side; `client_id` must be unique among all its clients."""
    transport = MqttTransport(address, client_id, receive_maximum)
    return Link(side, transport, presence=presence, observer=observer)


@final
class MqttTransport:
    """Opens MQTT 5 sessions, and MQTT 3.1.1 where the broker speaks no newer."""

    def __init__(self, address: BrokerAddress, client_id: str, receive_maximum: int) -> None:
        self._address = address
        self._client_id = client_id
        self._receive_maximum = receive_maximum
        self._version: MQTTProtocolVersion | None = None

    @property
    def name(self) -> str:
        """The broker's address, without secrets."""
        return f"the broker at {self._address}"

    async def connect(self, will: LastWill | None, on_message: Callable[[Incoming], None]) -> "MqttSession":
        """Open a session; see `Transport`."""
        if self._version is None:
            self._version = await self._agreed_version()
        session = self._session(self._version, will, on_message)
        await session.open(self._address, self._receive_maximum)
        return session

    async def _agreed_version(self) -> MQTTProtocolVersion:
        """Ask once what the broker speaks, with a bare request.

        An MQTT 3.1.1 broker may wait for ever on a request that carries MQTT 5 properties.
        """
        session = self._session(_V5, None, lambda incoming: incoming.acknowledge())
        try:
            await session.open(self._address, None)
        except OldBroker:
            return _V311
        await session.close()
        return _V5

    def _session(
        self, version: MQTTProtocolVersion, will: LastWill | None, on_message: Callable[[Incoming], None]
    ) -> "MqttSession":
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._client_id,
            protocol=version,
            clean_session=True if version == _V311 else None,
            manual_ack=True,
            reconnect_on_failure=False,
        )
        client.connect_timeout = CONNECT_SECONDS
        client.username_pw_set(self._address.username, self._address.password())
        if self._address.tls:
            client.tls_set_context(tls_context(self._address))
        if will is not None:
            client.will_set(will.path, will.data, qos=1, retain=True)
        return MqttSession(client, version, self._address, on_message)


class OldBroker(Unreachable):
    """The broker does not speak MQTT 5."""


@final
class MqttSession:
    """One MQTT connection, from CONNACK to its end."""

    def __init__(
        self,
        client: paho.Client,
        version: MQTTProtocolVersion,
        address: BrokerAddress,
        on_message: Callable[[Incoming], None],
    ) -> None:
        self._client = client
        self._version = version
        self._address = address
        self._on_message = on_message
        self._loop = asyncio.get_running_loop()
        self._accepted: asyncio.Future[None] = self._loop.create_future()
        self._waiting: dict[int | None, asyncio.Future[int]] = {}
        self._shared = False
        self.lost: asyncio.Future[str] = self._loop.create_future()
        self.max_packet_bytes: int | None = None

    @property
    def protocol(self) -> str:
        """`MQTT 5` or `MQTT 3.1.1`."""
        return "MQTT 5" if self._version == _V5 else "MQTT 3.1.1"

    async def open(self, address: BrokerAddress, receive_maximum: int | None) -> None:
        """Connect and wait for the broker's acceptance.

        Raises:
            OldBroker: It wants MQTT 3.1.1.
            Unreachable: It does not answer, or refuses the account.
        """
        self._listen()
        try:
            async with asyncio.timeout(2 * CONNECT_SECONDS):
                await asyncio.to_thread(self._dial, address, receive_maximum)
                self._client.loop_start()
                await self._accepted
        except BaseException as error:
            await self._stop()
            if isinstance(error, TimeoutError):
                raise Unreachable(f"{address}: no answer to the connection request") from None
            if isinstance(error, OSError | ValueError):
                raise Unreachable(f"{address}: {error}") from error
            raise

    async def publish(self, path: str, data: bytes, *, qos: int, retain: bool) -> None:
        """Publish; see `Session`."""
        if self.lost.done():
            raise SessionLost(self.lost.result())
        sent = self._client.publish(path, data, qos=qos, retain=retain)
        if sent.rc != paho.MQTT_ERR_SUCCESS:
            raise SessionLost(paho.error_string(sent.rc))
        code = await self._answer_to(sent.mid)
        if code == _NOT_AUTHORIZED:
            raise NotAllowed(f"{self._address}: this account may not publish on {path}")
        if code == _PACKET_TOO_LARGE:
            raise TooLarge(
                f"{self._address} refuses a message of {len(data)} bytes. Raise message_size_limit at the "
                "broker, or send smaller pictures (size, quality)."
            )
        if code >= _FAILURE:
            raise SessionLost(f"the broker refused a message with code {code}")

    async def subscribe(self, topic_filter: str, *, group: str | None, qos: int) -> None:
        """Subscribe; see `Session`."""
        path = f"$share/{group}/{topic_filter}" if group and self._shared else topic_filter
        how: dict[str, Any] = {"options": SubscribeOptions(qos=qos)} if self._version == _V5 else {"qos": qos}
        result, mid = self._client.subscribe(path, **how)
        if result != paho.MQTT_ERR_SUCCESS or mid is None:
            raise SessionLost(paho.error_string(result))
        if await self._answer_to(mid) >= _FAILURE:
            raise NotAllowed(f"{self._address}: this account may not read {path}")

    async def close(self) -> None:
        """Disconnect in order."""
        self._client.disconnect()
        await self._stop()

    async def _answer_to(self, mid: int) -> int:
        """Wait for the broker's reason code for a packet of ours."""
        answer: asyncio.Future[int] = self._loop.create_future()
        self._waiting[mid] = answer
        try:
            return await answer
        finally:
            self._waiting.pop(mid, None)

    def _dial(self, address: BrokerAddress, receive_maximum: int | None) -> None:
        options: dict[str, Any] = {}
        if self._version == _V5:
            options = {"clean_start": True}
            if receive_maximum is not None:
                options["properties"] = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
                options["properties"].ReceiveMaximum = receive_maximum
        self._client.connect(address.host, address.port, KEEPALIVE_SECONDS, **options)

    async def _stop(self) -> None:
        await asyncio.to_thread(self._client.loop_stop)
        self._listen_no_more()
        self._end("closed")

    def _listen(self) -> None:
        """Hand every callback of the network thread to the event loop."""
        client, hand_over = self._client, self._loop.call_soon_threadsafe

        def on_connect(_c: object, _u: object, _f: object, code: ReasonCode, info: Properties | None) -> None:
            hand_over(self._connected, code.value, str(code), info)

        def on_disconnect(_c: object, _u: object, _f: object, code: ReasonCode, _p: object) -> None:
            hand_over(self._ended, code.value, str(code))

        def on_publish(_c: object, _u: object, mid: int, code: ReasonCode, _p: object) -> None:
            hand_over(self._answered, mid, code.value)

        def on_subscribe(_c: object, _u: object, mid: int, codes: list[ReasonCode], _p: object) -> None:
            hand_over(self._answered, mid, max(code.value for code in codes))

        def on_message(_c: object, _u: object, message: paho.MQTTMessage) -> None:
            hand_over(self._received, message)

        def on_socket_open(_c: object, _u: object, opened: Any) -> None:
            # Else an acknowledgement waits up to 40 ms for a packet to travel with (Nagle's algorithm).
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        client.on_socket_open = on_socket_open
        client.on_connect = on_connect
        client.on_disconnect = on_disconnect
        client.on_publish = on_publish
        client.on_subscribe = on_subscribe
        client.on_message = on_message

    def _listen_no_more(self) -> None:
        """Let go of the client, which lets go of us: it closes its sockets when nobody refers to it."""
        client = self._client
        client.on_socket_open = client.on_connect = client.on_disconnect = None
        client.on_publish = client.on_subscribe = client.on_message = None

    def _connected(self, code: int, words: str, info: Properties | None) -> None:
        if self._accepted.done():
            return
        if code == _UNSUPPORTED_PROTOCOL and self._version == _V5:
            self._accepted.set_exception(OldBroker(f"{self._address} does not speak MQTT 5"))
        elif code != 0:
            self._accepted.set_exception(Unreachable(f"{self._address} refuses the connection: {words}"))
        else:
            self._shared = self._version == _V5 and getattr(info, "SharedSubscriptionAvailable", 1) == 1
            self.max_packet_bytes = getattr(info, "MaximumPacketSize", None)
            self._accepted.set_result(None)

    def _ended(self, code: int, words: str) -> None:
        if code == _TAKEN_OVER:
            words = "another client connected with this client id; client ids must be unique"
        if not self._accepted.done():
            self._accepted.set_exception(Unreachable(f"{self._address} refuses the connection: {words}"))
        self._end(words)

    def _end(self, words: str) -> None:
        if not self.lost.done():
            self.lost.set_result(words)
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(SessionLost(words))

    def _answered(self, mid: int, code: int) -> None:
        answer = self._waiting.get(mid)
        if answer is not None and not answer.done():
            answer.set_result(code)

    def _received(self, message: paho.MQTTMessage) -> None:
        if not self.lost.done():
            self._on_message(
                Incoming(message.topic, bytes(message.payload), lambda: self._acknowledge(message))
            )

    def _acknowledge(self, message: paho.MQTTMessage) -> None:
        if message.qos > 0 and not self.lost.done():
            self._client.ack(message.mid, message.qos)
