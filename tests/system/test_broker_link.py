"""The link over real brokers: restarts, takeover, old protocols, size limits, slow consumers."""

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import count, repeat
from typing import Any

import pytest

from broker.acl import Account
from broker.address import BrokerAddress
from broker.cloud_topics import RESULTS
from broker.embedded import embedded_broker
from broker.ends import Subscriber
from broker.errors import TooLarge, Undelivered, Unreachable
from broker.frames import Frame
from broker.link import Link
from broker.mailbox import Mailbox
from broker.mqtt import _V311, MqttTransport
from broker.presence import Presence
from broker.private_topics import CAMERA_STATUS, FRAMES
from broker.probe import probe, probe_broker
from broker.topic import Cloud, Private, Role, S
from tests.servers import Server, running_mosquitto, until
from tests.unit.broker.messages import a_camera_status, a_frame, a_result

CAMERA = "front-door"
PICTURE = b"\xff\xd8" + bytes(100_000)
_numbers = count()


def address_of(server: Server) -> BrokerAddress:
    return BrokerAddress(host=server.host, port=server.port)


def soon() -> Iterator[float]:
    return repeat(0.05)


@asynccontextmanager
async def a_link(
    side: type[S],
    address: BrokerAddress,
    *,
    client_id: str = "",
    receive_maximum: int = 16,
    old: bool = False,
    connected: bool = True,
    **options: Any,
) -> AsyncIterator[Link[S]]:
    """A link that reconnects fast; `old` makes it speak MQTT 3.1.1 to a broker that knows better."""
    transport = MqttTransport(address, client_id or f"test-{next(_numbers)}", receive_maximum)
    if old:
        transport._version = _V311
    async with Link(side, transport, delays=soon, **options) as link:
        if connected:
            await link.wait_connected(10)
        yield link


async def subscribed(link: Link[Any], subscriber: Any) -> Any:
    """Wait until the broker has confirmed a subscription that was made on a standing link."""
    await link.announce()
    return subscriber


async def collect(subscriber: Subscriber[Frame], into: list[int]) -> None:
    async for delivery in subscriber:
        into.append(delivery.message.sequence)
        delivery.done()


@asynccontextmanager
async def collecting(link: Link[Private], into: list[int]) -> AsyncIterator[None]:
    task = asyncio.create_task(collect(await subscribed(link, link.subscriber(FRAMES)), into))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def presence() -> Presence[Private, Any]:
    return Presence(CAMERA_STATUS, a_camera_status(state="offline"), lambda: a_camera_status(state="running"))


async def seen_status(viewer: Link[Private], state: str) -> None:
    """Return once a viewer that comes now reads this state."""
    async with asyncio.timeout(10):
        async for delivery in viewer.subscriber(CAMERA_STATUS):
            delivery.done()
            if delivery.message.state == state:
                return


@pytest.mark.parametrize("old", [False, True], ids=["mqtt5", "mqtt311"])
@pytest.mark.parametrize("crash", [False, True], ids=["stopped", "killed"])
async def test_a_stream_survives_its_broker(mosquitto: Server, crash: bool, old: bool) -> None:
    address, received = address_of(mosquitto), []
    async with (
        a_link(Private, address, old=old) as edge,
        collecting(edge, received),
        a_link(Private, address, old=old, presence=presence()) as camera,
    ):
        send = camera.publisher(FRAMES).send
        for sequence in range(30):
            if sequence in (10, 20):
                # What a broker has taken but not passed on dies with it; the source sends that again.
                await until(lambda due=sequence - 1: due in received, "what was sent before")
                if crash:
                    mosquitto.kill()
                else:
                    await mosquitto.stop()
                sending = asyncio.create_task(send(a_frame(sequence=sequence, jpeg=PICTURE)))
                await until(lambda: not edge.connected, "the edge to notice")
                await mosquitto.start()
                await sending
            await edge.wait_connected(10)
            await send(a_frame(sequence=sequence, jpeg=PICTURE))
        await until(lambda: 29 in received, "the last frame")
        missing = set(range(30)) - set(received)
        assert not missing - {10, 20}, "frames sent while both ends were connected"
        async with a_link(Private, address) as viewer:
            await seen_status(viewer, "running")


async def test_frames_on_their_way_when_the_broker_restarts_are_sent_again(mosquitto: Server) -> None:
    """Large messages cut by a restart are no sign of a size limit."""
    async with a_link(Private, address_of(mosquitto)) as camera:
        mosquitto.pause()
        sending = [
            asyncio.create_task(camera.publisher(FRAMES).send(a_frame(sequence=number, jpeg=PICTURE)))
            for number in range(4)
        ]
        await asyncio.sleep(0)
        mosquitto.kill()
        await mosquitto.start()
        sizes = await asyncio.gather(*sending)
        assert min(sizes) > len(PICTURE)


async def test_a_node_that_dies_is_reported_offline_by_its_will(mosquitto: Server) -> None:
    address = address_of(mosquitto)
    async with a_link(Private, address) as viewer, a_link(Private, address, presence=presence()) as camera:
        session: Any = camera._session
        camera._task.cancel()  # it does not come back
        session._client.socket().shutdown(2)
        await seen_status(viewer, "offline")


async def test_leaving_says_offline(mosquitto: Server) -> None:
    address = address_of(mosquitto)
    async with a_link(Private, address, presence=presence()):
        pass
    async with a_link(Private, address) as viewer:
        await seen_status(viewer, "offline")


async def test_a_second_client_with_the_same_id_is_noticed(mosquitto: Server) -> None:
    address = address_of(mosquitto)
    async with (
        a_link(Private, address, client_id="same") as first,
        a_link(Private, address, client_id="same", connected=False) as second,
    ):
        # Brokers say so (MQTT 5, reason 142), but for mosquitto before 2.0.15: there it shows by repetition.
        await until(
            lambda: any("client id" in link.detail for link in (first, second)), "one of them to say so"
        )


async def test_a_refused_account_is_not_connected() -> None:
    async with (
        running_mosquitto("allow_anonymous false") as server,
        a_link(Private, address_of(server), connected=False) as link,
    ):
        with pytest.raises(Unreachable, match=r"(?i)not authorized"):
            await link.wait_connected(2)
        assert not link.connected


async def test_a_broker_that_hangs_does_not_hang_the_sender(mosquitto: Server) -> None:
    async with a_link(Private, address_of(mosquitto), send_seconds=0.3) as camera:
        mosquitto.pause()
        try:
            with pytest.raises(Undelivered):
                await camera.publisher(FRAMES).send(a_frame())
        finally:
            mosquitto.resume()
        await camera.wait_connected(10)
        assert await camera.publisher(FRAMES).send(a_frame()) > 0


async def test_amqtt_is_spoken_to_in_its_older_protocol() -> None:
    received: list[int] = []
    accounts = [Account(Role.CAMERA, CAMERA), Account(Role.EDGE, "e"), Account(Role.VIEWER, "v")]
    async with embedded_broker(Private, accounts, choice="amqtt") as broker:
        async with (
            a_link(Private, broker.address_for(Role.EDGE, "e")) as edge,
            collecting(edge, received),
            a_link(Private, broker.address_for(Role.CAMERA, CAMERA), presence=presence()) as camera,
        ):
            assert (edge.protocol, camera.protocol) == ("MQTT 3.1.1", "MQTT 3.1.1")
            for sequence in range(60):
                await camera.publisher(FRAMES).send(a_frame(sequence=sequence, jpeg=PICTURE))
            await until(lambda: len(received) >= 60, "all frames")
            assert received == list(range(60))
            async with a_link(Private, broker.address_for(Role.VIEWER, "v")) as viewer:
                await seen_status(viewer, "running")
        async with a_link(Private, broker.address_for(Role.VIEWER, "v")) as viewer:
            await seen_status(viewer, "offline")


@pytest.mark.parametrize("old", [False, True], ids=["mqtt5", "mqtt311"])
async def test_a_message_over_the_brokers_limit_is_an_error_with_a_remedy(old: bool) -> None:
    async with (
        running_mosquitto("max_packet_size 90000") as server,
        a_link(Private, address_of(server), old=old) as camera,
    ):
        with pytest.raises(TooLarge, match="smaller pictures"):
            await camera.publisher(FRAMES).send(a_frame(jpeg=PICTURE))
        await camera.wait_connected(10)
        assert await camera.publisher(FRAMES).send(a_frame()) > 0


@pytest.mark.parametrize("setting", ["max_packet_size", "message_size_limit"])
async def test_the_self_test_finds_each_of_mosquittos_limits(setting: str) -> None:
    async with running_mosquitto(f"{setting} 90000") as server:
        address = address_of(server)
        report = await probe_broker(address, client_id="probe", largest_bytes=80_000)
        assert report.protocol == "MQTT 5"
        with pytest.raises(TooLarge, match="smaller pictures"):
            await probe_broker(address, client_id="probe", largest_bytes=100_000)


async def test_the_self_test_finds_a_limit_that_an_old_protocol_cannot_state() -> None:
    async with running_mosquitto("max_packet_size 90000") as server:
        transport = MqttTransport(address_of(server), "probe", 1)
        transport._version = _V311
        assert (await probe(transport, 80_000)).limit_bytes is None
        with pytest.raises(TooLarge, match="takes small ones"):
            await probe(transport, 100_000)


async def test_the_self_test_needs_no_rights_and_takes_none() -> None:
    accounts = [Account(Role.CAMERA, CAMERA)]
    for choice in ("mosquitto", "amqtt"):
        async with embedded_broker(Private, accounts, choice=choice) as broker:
            address = broker.address_for(Role.CAMERA, CAMERA)
            report = await probe_broker(address, client_id="probe", largest_bytes=FRAMES.max_bytes)
            assert report.largest_bytes == FRAMES.max_bytes


async def test_the_self_test_says_when_nobody_answers() -> None:
    nowhere = BrokerAddress(host="127.0.0.1", port=1)
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1:1"):
        await probe_broker(nowhere, client_id="probe", largest_bytes=1)


async def test_a_slow_consumer_is_sent_no_more_than_it_asked_for(mosquitto: Server) -> None:
    address, asked = address_of(mosquitto), 2
    async with (
        a_link(Cloud, address, receive_maximum=asked) as edge,
        a_link(Cloud, address) as analyzer,
    ):
        inbox: Mailbox[Any] = await subscribed(edge, edge.subscriber(RESULTS, capacity=8))
        for sequence in range(100):
            await analyzer.publisher(RESULTS).send(a_result(sequence=sequence))
        await until(lambda: len(inbox) == asked, "as many as may be unacknowledged")
        got: list[int] = []
        async for delivery in inbox:
            # mosquitto 2.0.11 sends two for each acknowledgement; what then finds no room is counted.
            assert len(inbox) <= 8
            got.append(delivery.message.sequence)
            delivery.done()
            if 99 in got:
                break
        assert got == sorted(set(got))
        assert len(got) + inbox.refused.get("queue-full", 0) == 100


async def test_a_closed_session_leaves_no_socket_to_the_garbage_collector(mosquitto: Server) -> None:
    gc.disable()
    try:
        session = await MqttTransport(address_of(mosquitto), "brief", 1).connect(None, lambda _: None)
        client = weakref.ref(session._client)  # type: ignore[attr-defined]
        await session.close()
        del session
        await until(lambda: client() is None, "the client to be gone")
    finally:
        gc.enable()
