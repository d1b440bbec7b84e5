"""What `deploy/compose/prepare` makes, taken up by a real mosquitto and a real redis-server."""

import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError

from broker.address import parse_address
from broker.mqtt import mqtt_link
from broker.topic import Cloud, Private, Side
from tests.servers import LOOPBACK, Server, free_port, require_program, running_mosquitto
from tests.system.command import PATIENCE
from tests.unit.deploy.programs import DEPLOY, prepare

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("deploy") / "compose"
    shutil.copytree(DEPLOY / "compose", folder)
    prepare(folder)
    return folder


@asynccontextmanager
async def broker_of(made: Path) -> AsyncIterator[int]:
    """The broker as its container runs it, but for where the folder lies and who may read it."""
    port = free_port()
    text = (made / "mosquitto.conf").read_text().replace("/mosquitto/config", str(made))
    config = made / "here.conf"
    config.write_text(text.replace("listener 8883\n", f"listener {port} {LOOPBACK}\n") + "\nuser root\n")
    async with running_mosquitto(config=config, port=port):
        yield port


@pytest.mark.parametrize(
    ("side", "account", "given"),
    [(Private, "camera-front-door", "private/made"), (Cloud, "edge-edge", "private/from-cloud")],
    ids=["a camera at home", "the edge to the cloud"],
)
async def test_the_nodes_get_in_with_what_they_were_given(
    prepared: Path, side: type[Side], account: str, given: str
) -> None:
    (password,) = (prepared / given).rglob(f"{account}.password")
    (authority,) = (prepared / given).rglob("ca.crt")
    async with broker_of(prepared / side.label / "made") as port:
        address = parse_address(
            f"mqtts://{account}@localhost:{port}",
            password_file=prepared / password,
            ca_file=prepared / authority,
        )
        async with mqtt_link(side, address, client_id="test") as link:
            await link.wait_connected(PATIENCE)


@pytest.mark.parametrize(
    ("where", "names"),
    [("private", ["private-broker"]), ("cloud", ["cloud-broker", "cloud.example.org"])],
)
def test_the_certificates_are_for_the_names_that_nodes_use(
    prepared: Path, where: str, names: list[str]
) -> None:
    certificate = prepared / where / "made" / "certificates" / "server.crt"
    for name in names:
        command = [require_program("openssl"), "x509", "-noout", "-checkhost", name, "-in", certificate]
        told = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout
        assert "does match" in told
        used = [(prepared / side / "pipeline.yaml").read_text() for side in ("private", "cloud")]
        assert any(f"mqtts://{name}:8883" in text for text in used)


async def test_the_cache_takes_its_settings_and_asks_for_the_password(prepared: Path, tmp_path: Path) -> None:
    port, made = free_port(), prepared / "cloud" / "made"
    command = [require_program("redis-server"), str(made / "redis.conf"), "--bind", LOOPBACK]
    server = Server("redis-server", [*command, "--port", str(port), "--dir", str(tmp_path)], tmp_path, port)
    try:
        await server.start()
        password = (made / "redis.password").read_text().strip()
        async with Redis(host=LOOPBACK, port=port, password=password, socket_timeout=PATIENCE) as redis:
            assert await redis.ping()
            assert (await redis.config_get("maxmemory-policy"))["maxmemory-policy"] == "allkeys-lru"
        async with Redis(host=LOOPBACK, port=port, socket_timeout=PATIENCE) as stranger:
            with pytest.raises(AuthenticationError):
                await stranger.ping()
    finally:
        server.kill()
