"""The embedded brokers as processes: they start, return after a crash, and end with whoever started them."""

import asyncio
import os
import signal
import sys
import textwrap
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from broker.acl import Account
from broker.embedded import Choice, EmbeddedBroker, embedded_broker
from broker.errors import BadAccount, EmbeddedBrokerError, Unreachable
from broker.mqtt import MqttSession, MqttTransport
from broker.topic import Private, Role
from broker.transport import Incoming, SessionLost
from tests.servers import require_program, until

CAMERA, EDGE = Account(Role.CAMERA, "front"), Account(Role.EDGE, "e1")
FRAMES = "penumbra/frames/front"


@pytest.fixture(params=["mosquitto", "amqtt"])
def choice(request: pytest.FixtureRequest) -> Choice:
    if request.param == "mosquitto":
        require_program("mosquitto")
    return request.param


@asynccontextmanager
async def session(
    broker: EmbeddedBroker, account: Account, received: list[Incoming], acknowledge: bool = True
) -> AsyncIterator[MqttSession]:
    def take(incoming: Incoming) -> None:
        received.append(incoming)
        if acknowledge:
            incoming.acknowledge()

    transport = MqttTransport(broker.address_for(account.role, account.name), f"test-{account.username}", 16)
    opened = await transport.connect(None, take)
    try:
        yield opened
    finally:
        await opened.close()


def broker_process(broker: EmbeddedBroker) -> psutil.Process:
    """The child that listens on the broker's port."""
    for child in psutil.Process().children(recursive=True):
        for connection in child.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == broker.port:
                return child
    raise AssertionError("no child listens there")


async def test_large_frames_pass_in_order(choice: Choice) -> None:
    frames = [number.to_bytes(2, "big") * 100_000 for number in range(60)]
    received: list[Incoming] = []
    async with (
        embedded_broker(Private, [CAMERA, EDGE], choice=choice) as broker,
        session(broker, EDGE, received) as edge,
        session(broker, CAMERA, []) as camera,
    ):
        assert broker.kind.startswith(choice)
        await edge.subscribe("penumbra/frames/+", group=None, qos=1)
        for frame in frames:
            await camera.publish(FRAMES, frame, qos=1, retain=False)
        await until(lambda: len(received) >= len(frames), "all frames")
        assert [incoming.data for incoming in received] == frames


async def test_a_crash_is_told_and_the_broker_returns_on_its_port(choice: Choice) -> None:
    crashes: list[str] = []
    async with embedded_broker(Private, [CAMERA, EDGE], choice=choice, on_crash=crashes.append) as broker:
        async with session(broker, CAMERA, []) as camera:
            broker_process(broker).kill()
            await asyncio.wait_for(asyncio.shield(camera.lost), 10)
        await until(lambda: bool(crashes), "word of the crash")

        async def sent_again() -> bool:
            try:
                async with session(broker, CAMERA, []) as camera:
                    await camera.publish(FRAMES, b"again", qos=1, retain=False)
            except Unreachable:
                return False
            return True

        await until(sent_again, "the broker on its port again")
    assert len(crashes) == 1
    assert "private broker" in crashes[0]
    assert "status -9" in crashes[0]


async def test_a_slow_subscriber_costs_the_broker_a_bounded_amount(choice: Choice) -> None:
    held: list[Incoming] = []
    async with (
        embedded_broker(Private, [CAMERA, EDGE], choice=choice) as broker,
        session(broker, EDGE, held, acknowledge=False) as edge,
        session(broker, CAMERA, []) as camera,
    ):
        await edge.subscribe("penumbra/frames/+", group=None, qos=1)
        before = broker_process(broker).memory_info().rss
        for _ in range(600):
            await camera.publish(FRAMES, bytes(100_000), qos=1, retain=False)
        grown = broker_process(broker).memory_info().rss - before
        assert grown < 50e6, "60 MB were published and none acknowledged"


async def test_nothing_is_left_behind(choice: Choice) -> None:
    async with embedded_broker(Private, [CAMERA], choice=choice) as broker:
        secret = broker.address_for(*(CAMERA.role, CAMERA.name)).password_file
        assert secret is not None
        assert secret.stat().st_mode & 0o077 == 0
        assert secret.parent.stat().st_mode & 0o077 == 0
        process = broker_process(broker)
    assert not secret.parent.exists()
    assert not process.is_running()


async def test_the_broker_dies_with_a_parent_that_is_killed(choice: Choice, tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(
        textwrap.dedent(f"""
            import asyncio
            from broker.acl import Account
            from broker.embedded import embedded_broker
            from broker.topic import Private, Role

            async def main():
                accounts = [Account(Role.CAMERA, "front")]
                async with embedded_broker(Private, accounts, choice="{choice}") as broker:
                    print(broker.port, flush=True)
                    await asyncio.Event().wait()

            asyncio.run(main())
        """)
    )
    parent = await asyncio.create_subprocess_exec(sys.executable, script, stdout=asyncio.subprocess.PIPE)
    assert parent.stdout is not None
    await asyncio.wait_for(parent.stdout.readline(), 20)
    children = psutil.Process(parent.pid).children(recursive=True)
    assert children
    parent.send_signal(signal.SIGKILL)
    await parent.wait()
    await until(lambda: not any(child.is_running() for child in children), "the broker's end")


async def test_an_account_that_it_was_not_told_of_is_named(choice: Choice) -> None:
    async with embedded_broker(Private, [CAMERA], choice=choice) as broker:
        with pytest.raises(EmbeddedBrokerError, match="no account edge-e1; it has camera-front"):
            broker.address_for(EDGE.role, EDGE.name)


async def test_a_packet_over_the_limit_is_cut_off(choice: Choice) -> None:
    async with (
        embedded_broker(Private, [CAMERA], choice=choice) as broker,
        session(broker, CAMERA, []) as camera,
    ):
        with pytest.raises(SessionLost):
            await camera.publish(FRAMES, bytes(17 * 2**20), qos=1, retain=False)


async def test_accounts_are_checked_before_anything_starts() -> None:
    with pytest.raises(BadAccount, match="twice"):
        async with embedded_broker(Private, [CAMERA, CAMERA]):
            pass
    with pytest.raises(BadAccount, match="analyzer"):
        async with embedded_broker(Private, [Account(Role.ANALYZER, "a")]):
            pass


async def test_a_program_that_cannot_run_is_an_error_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "mosquitto"
    fake.write_text(
        "#!/bin/sh\n[ $1 = -h ] && echo mosquitto version 2.0.99 && exit\necho no luck today\nexit 7\n"
    )
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(
        EmbeddedBrokerError, match=r"(?s)mosquitto 2\.0\.99 ended at once with status 7.*no luck"
    ):
        async with embedded_broker(Private, [CAMERA], choice="mosquitto"):
            pass


async def test_an_old_mosquitto_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "mosquitto"
    fake.write_text("#!/bin/sh\necho mosquitto version 1.6.9\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    async with embedded_broker(Private, [CAMERA]) as broker:
        assert broker.kind.startswith("amqtt")
    with pytest.raises(EmbeddedBrokerError, match="apt install mosquitto"):
        async with embedded_broker(Private, [CAMERA], choice="mosquitto"):
            pass
