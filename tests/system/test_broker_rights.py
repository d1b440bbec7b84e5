"""Every role, topic and direction, allowed and refused, on each broker that Penumbra sets up; all real."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import final

import msgspec
import pytest

from broker.acl import Account
from broker.address import BrokerAddress
from broker.embedded import embedded_broker
from broker.errors import NotAllowed, Unreachable
from broker.mqtt import MqttSession, MqttTransport
from broker.production import Production, write_production
from broker.topic import Cloud, Private, Role, Side
from broker.transport import Incoming, LastWill
from tests.servers import free_port, require_program, running_mosquitto, until

FRONT, BACK = Account(Role.CAMERA, "front"), Account(Role.CAMERA, "back")
EDGE, VIEWER = Account(Role.EDGE, "e1"), Account(Role.VIEWER, "v")
MONITOR = Account(Role.MONITOR, "m")
HELPER, OTHER = Account(Role.HELPER, "h1"), Account(Role.HELPER, "h2")
ANNOUNCER, HOME = Account(Role.ANNOUNCER, "e1"), Account(Role.HOME_ASSISTANT, "h")
FIRST, SECOND = Account(Role.ANALYZER, "a1"), Account(Role.ANALYZER, "a2")
STREAM = "abcdefghij234567abcd"

# Written by hand, not made from the topic table: a slip in the table has to show here.
WRITES: Mapping[type[Side], Mapping[Account, set[str]]] = {
    Private: {
        FRONT: {"penumbra/frames/front", "penumbra/status/camera/front"},
        BACK: {"penumbra/frames/back", "penumbra/status/camera/back"},
        EDGE: {
            "penumbra/results/camera/front",
            "penumbra/results/camera/back",
            "penumbra/status/e1",
            "penumbra/helpers/h1/weights",
            "penumbra/helpers/h1/work",
            "penumbra/helpers/h2/weights",
            "penumbra/helpers/h2/work",
        },
        VIEWER: set(),
        MONITOR: set(),
        HELPER: {"penumbra/helpers/h1/capacity", "penumbra/helpers/h1/partial"},
        OTHER: {"penumbra/helpers/h2/capacity", "penumbra/helpers/h2/partial"},
        ANNOUNCER: {"penumbra/home/front", "homeassistant/device/penumbra-camera-front/config"},
        HOME: {"homeassistant/status"},
    },
    Cloud: {
        EDGE: {f"penumbra/features/{STREAM}"},
        FIRST: {f"penumbra/results/{STREAM}", "penumbra/status/a1"},
        SECOND: {f"penumbra/results/{STREAM}", "penumbra/status/a2"},
        VIEWER: set(),
        MONITOR: set(),
    },
}
READS: Mapping[type[Side], Mapping[Account, set[str]]] = {
    Private: {
        FRONT: {"penumbra/results/camera/front"},
        BACK: {"penumbra/results/camera/back"},
        EDGE: {
            "penumbra/frames/front",
            "penumbra/frames/back",
            "penumbra/status/camera/front",
            "penumbra/status/camera/back",
            "penumbra/helpers/h1/capacity",
            "penumbra/helpers/h1/partial",
            "penumbra/helpers/h2/capacity",
            "penumbra/helpers/h2/partial",
        },
        VIEWER: {
            "penumbra/results/camera/front",
            "penumbra/results/camera/back",
            "penumbra/status/camera/front",
            "penumbra/status/camera/back",
            "penumbra/status/e1",
            "penumbra/helpers/h1/capacity",
            "penumbra/helpers/h2/capacity",
        },
        MONITOR: set(),
        HELPER: {"penumbra/helpers/h1/weights", "penumbra/helpers/h1/work"},
        OTHER: {"penumbra/helpers/h2/weights", "penumbra/helpers/h2/work"},
        ANNOUNCER: {"homeassistant/status"},
        HOME: {
            "penumbra/status/camera/front",
            "penumbra/status/camera/back",
            "penumbra/status/e1",
            "penumbra/home/front",
            "homeassistant/device/penumbra-camera-front/config",
        },
    },
    Cloud: {
        EDGE: {f"penumbra/results/{STREAM}"},
        FIRST: {f"penumbra/features/{STREAM}"},
        SECOND: {f"penumbra/features/{STREAM}"},
        VIEWER: {"penumbra/status/a1", "penumbra/status/a2"},
        MONITOR: set(),
    },
}
TRIED = {path for side in WRITES.values() for paths in side.values() for path in paths} | {
    "penumbra/frames",
    "penumbra/frames/front/more",
    "penumbra/status/v",
    "penumbra/helpers/h1",
    "penumbra/helpers/h1/more",
    "penumbra",
    "homeassistant/sensor/front/config",
    "homeassistant",
    "front",
}

AddressOf = Callable[[Account], BrokerAddress]
_numbers = count()


@asynccontextmanager
async def production(side: type[Side], folder: Path) -> AsyncIterator[AddressOf]:
    require_program("openssl")
    accounts = tuple(WRITES[side])
    plan = Production(side, accounts, port=free_port(), self_signed=True)
    files = dict(zip(accounts, write_production(plan, folder / "broker"), strict=True))
    settings = folder / "broker" / "mosquitto.conf"
    # Started by root mosquitto becomes a user that may not read a test's folder.
    settings.write_text(settings.read_text() + "\nuser root\n")

    def address_of(account: Account) -> BrokerAddress:
        return BrokerAddress(
            host="localhost",
            port=plan.port,
            tls=True,
            username=account.username,
            password_file=files[account],
            ca_file=folder / "broker" / "certificates" / "ca.crt",
        )

    async with running_mosquitto(config=settings, port=plan.port):
        yield address_of


@asynccontextmanager
async def embedded(side: type[Side], program: str) -> AsyncIterator[AddressOf]:
    if program == "mosquitto":
        require_program("mosquitto")
    async with embedded_broker(side, WRITES[side], choice=program) as broker:  # type: ignore[arg-type]
        yield lambda account: broker.address_for(account.role, account.name)


KINDS = ("production", "mosquitto", "amqtt")


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


Enter = Callable[[type[Side]], Awaitable[AddressOf]]


@pytest.fixture
async def brokers(kind: str, tmp_path: Path) -> AsyncIterator[Enter]:
    """Starts a broker of the asked-for side and returns where each account connects."""
    async with AsyncExitStack() as stack:

        async def enter(side: type[Side]) -> AddressOf:
            running = production(side, tmp_path) if kind == "production" else embedded(side, kind)
            return await stack.enter_async_context(running)

        yield enter


@final
class Client:
    """A bare session that keeps what it receives."""

    def __init__(self, session: MqttSession, received: list[tuple[str, bytes]]) -> None:
        self.session = session
        self.received = received

    async def may_write(self, path: str, data: bytes, retain: bool = False) -> bool:
        try:
            await self.session.publish(path, data, qos=1, retain=retain)
        except NotAllowed:
            return False
        return True

    async def subscribe(self, topic_filter: str, group: str | None = None) -> None:
        # mosquitto grants any filter and delivers nothing; amqtt refuses. Delivery is what is asserted.
        with contextlib.suppress(NotAllowed):
            await self.session.subscribe(topic_filter, group=group, qos=1)

    async def received_barrier(self, name: str) -> None:
        await until(lambda: any(data == name.encode() for _, data in self.received), f"message {name}")


@asynccontextmanager
async def client(address: BrokerAddress, will: LastWill | None = None) -> AsyncIterator[Client]:
    received: list[tuple[str, bytes]] = []

    def keep(incoming: Incoming) -> None:
        received.append((incoming.path, incoming.data))
        incoming.acknowledge()

    session = await MqttTransport(address, f"test-{next(_numbers)}", 16).connect(will, keep)
    try:
        yield Client(session, received)
    finally:
        await session.close()


async def barrier(side: type[Side], clients: Mapping[Account, Client], name: str) -> None:
    """Return once every client has received all that was sent to it so far; messages keep their order."""
    for reader, mine in clients.items():
        if not READS[side][reader]:
            continue  # a monitor reads nothing of ours, so nothing could reach it
        path = min(READS[side][reader])
        writer = next(account for account, paths in WRITES[side].items() if path in paths)
        assert await clients[writer].may_write(path, name.encode())
        await mine.received_barrier(name)


@pytest.mark.parametrize("side", [Private, Cloud], ids=lambda side: side.label)
async def test_every_role_topic_and_direction(side: type[Side], brokers: Enter, kind: str) -> None:
    address_of = await brokers(side)
    async with AsyncExitStack() as stack:
        clients = {who: await stack.enter_async_context(client(address_of(who))) for who in WRITES[side]}
        for mine in clients.values():
            for topic_filter in ("#", "+/+/+", *sorted(TRIED)):
                await mine.subscribe(topic_filter)
        for writer, mine in clients.items():
            for path in sorted(TRIED):
                taken = await mine.may_write(path, f"{writer.username} {path}".encode())
                if kind != "amqtt":  # MQTT 3.1.1 has no way to say that a publication is refused
                    assert taken == (path in WRITES[side][writer]), f"{writer.username} writes {path}"
        await barrier(side, clients, "barrier")
        for reader, mine in clients.items():
            got = {(path, data.decode()) for path, data in mine.received if data != b"barrier"}
            due = {
                (path, f"{writer.username} {path}")
                for path in READS[side][reader]
                for writer, paths in WRITES[side].items()
                if path in paths
            }
            assert got == due, f"what {reader.username} received"


async def test_nobody_gets_in_without_account_and_password(brokers: Enter, tmp_path: Path) -> None:
    address = (await brokers(Private))(FRONT)
    wrong = tmp_path / "wrong"
    wrong.write_text("not the password")
    strangers = [
        msgspec.structs.replace(address, username=None, password_file=None),
        msgspec.structs.replace(address, password_file=wrong),
        msgspec.structs.replace(address, password_file=None),
        msgspec.structs.replace(address, username=BACK.username),
        msgspec.structs.replace(address, username="camera-unknown"),
        msgspec.structs.replace(address, username="edge-front"),
    ]
    for stranger in strangers:
        with pytest.raises(Unreachable, match="refuses the connection"):
            async with client(stranger):
                pass
    async with client(address) as known:
        assert await known.may_write("penumbra/frames/front", b"still works")


async def test_a_kept_status_reaches_viewers_alone(brokers: Enter) -> None:
    address_of = await brokers(Private)
    status = "penumbra/status/camera/front"
    async with client(address_of(FRONT)) as front:
        await front.may_write(status, b"kept", retain=True)
    async with client(address_of(VIEWER)) as viewer:
        await viewer.subscribe("penumbra/status/camera/+")
        await viewer.received_barrier("kept")
        async with client(address_of(BACK)) as back, client(address_of(EDGE)) as edge:
            for topic_filter in ("#", "penumbra/status/camera/+", status, "penumbra/results/camera/back"):
                await back.subscribe(topic_filter)
            await edge.may_write("penumbra/results/camera/back", b"barrier")
            await back.received_barrier("barrier")
            assert {path for path, _ in back.received} == {"penumbra/results/camera/back"}


async def test_a_last_will_needs_the_right_to_write(brokers: Enter) -> None:
    address_of = await brokers(Private)
    forged = LastWill("penumbra/status/camera/back", b"forged")
    own = LastWill("penumbra/status/camera/front", b"own")
    async with client(address_of(VIEWER)) as viewer:
        await viewer.subscribe("penumbra/status/camera/+")
        for will in (forged, own):
            with contextlib.suppress(Unreachable):  # amqtt refuses the connection, mosquitto drops the will
                async with client(address_of(FRONT), will) as front:
                    await cut(front.session)
        await viewer.received_barrier("own")
        assert {data for _, data in viewer.received} == {b"own"}


async def cut(session: MqttSession) -> None:
    """End a session as a crash does: without a word to the broker."""
    socket = session._client.socket()
    assert socket is not None
    socket.shutdown(2)
    await asyncio.wait_for(asyncio.shield(session.lost), 10)


async def test_analyzers_of_a_group_share_the_features(tmp_path: Path) -> None:
    path = f"penumbra/features/{STREAM}"
    async with (
        production(Cloud, tmp_path) as address_of,
        client(address_of(FIRST)) as first,
        client(address_of(SECOND)) as second,
        client(address_of(EDGE)) as edge,
        client(address_of(VIEWER)) as viewer,
    ):
        for member in (first, second):
            await member.subscribe("penumbra/features/+", group="analyzers")
        await viewer.subscribe("penumbra/features/+", group="watchers")
        sent = [f"{number}".encode() for number in range(40)]
        for data in sent:
            assert await edge.may_write(path, data)
        await until(lambda: len(first.received) + len(second.received) >= len(sent), "all features")
        shares = [{data for _, data in member.received} for member in (first, second)]
        assert not shares[0] & shares[1]
        assert sorted(shares[0] | shares[1]) == sorted(sent)
        assert all(shares)
        assert not viewer.received


# paho leaves the socket of a failed handshake to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_the_production_listener_speaks_tls_alone(tmp_path: Path) -> None:
    async with production(Private, tmp_path) as address_of:
        address = address_of(FRONT)
        with pytest.raises(Unreachable):
            async with client(msgspec.structs.replace(address, tls=False, ca_file=None)):
                pass
        with pytest.raises(Unreachable, match=r"(?i)certificate"):
            async with client(msgspec.structs.replace(address, ca_file=None)):
                pass
        async with client(msgspec.structs.replace(address, host="127.0.0.1")) as by_number:
            assert by_number.session.protocol == "MQTT 5"


async def test_writing_again_keeps_passwords_and_trust(tmp_path: Path) -> None:
    async with production(Private, tmp_path) as address_of:
        address, password = address_of(FRONT), address_of(FRONT).password()
    folder, authority = tmp_path / "broker", address.ca_file.read_bytes()
    plan = Production(Private, (FRONT, EDGE), port=address.port, self_signed=True)
    write_production(plan, folder, force=True)
    assert address.password() == password
    assert address.ca_file.read_bytes() == authority
    assert sorted(file.name for file in (folder / "secrets").iterdir()) == [
        "camera-front.password",
        "edge-e1.password",
    ]
    plan = replace(plan, accounts=(FRONT, EDGE, BACK))
    with_back = dict(zip(plan.accounts, write_production(plan, folder, force=True), strict=True))
    assert with_back[BACK].read_text().strip() != password
