"""The whole real set-up: two mosquittos with the production rights, Redis, an edge and an analyzer.

Every part is a process of its own and can be stopped, killed and started again on its address. Cameras are
processes, too, or a file replayed from within the test.
"""

import itertools
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Literal, final

import msgspec

from analyzer_node.settings import AnalyzerSettings
from broker.acl import Account, mosquitto_acl
from broker.address import BrokerAddress
from broker.link import Link
from broker.mosquitto_conf import embedded_config, hashed_password, new_password
from broker.mqtt import mqtt_link
from broker.topic import Cloud, Private, Role, S, Side
from camera_node.settings import CameraSettings, CameraSpec
from feature_node.distributed.settings import HelperSettings
from feature_node.elsewhere.settings import HomeAssistantSettings
from feature_node.settings import EdgeSettings
from models.catalogue import find
from tests.servers import LOOPBACK, Server, free_port, running_mosquitto, running_redis
from tests.system.nodes import Node, killed_at_the_end
from tests.system.recorder import Recorder, recording

BUNDLE = "gender-ours"
PICTURE_BUNDLE = "people-present"
SMALL_DETECTION = (320, 320)
"""The detector's working size where a test is not about finding faces: a quarter of the time."""
ANSWER_SECONDS = 2.0
"""How long the edge waits for a result that a restart may have lost."""
MONITOR = Account(Role.MONITOR, "monitor")
SPY = "spy"
"""An account that may do everything; no production broker has one."""

Extractor = Literal["bundle", "distributed", "shade"]
_numbers = itertools.count()


@final
class BrokerServer:
    """A mosquitto of one side, with a password for each account, its production rights, and the spy.

    Attributes:
        server: the process.
        port: where clients connect: the recorder's port where there is one.
        recorder: keeps what clients send, where asked for.
    """

    def __init__(
        self, side: type[Side], server: Server, passwords: dict[str, Path], recorder: Recorder | None
    ) -> None:
        self.side = side
        self.server = server
        self.recorder = recorder
        self._passwords = passwords

    @property
    def passwords(self) -> list[str]:
        """All its passwords but the spy's."""
        return [file.read_text() for name, file in self._passwords.items() if name != SPY]

    def address(self, username: str, *, recorded: bool = True) -> BrokerAddress:
        """Where an account connects."""
        port = self.recorder.port if self.recorder is not None and recorded else self.server.port
        return BrokerAddress(
            host=LOOPBACK, port=port, username=username, password_file=self._passwords[username]
        )

    def spy(self) -> BrokerAddress:
        """Where the spy connects: past the recorder."""
        return self.address(SPY, recorded=False)


@asynccontextmanager
async def broker_server(
    side: type[Side], accounts: Iterable[Account], *, record: bool = False, statistics: bool = False
) -> AsyncIterator[BrokerServer]:
    """A running broker of one side; with `statistics` it says every second what it counts."""
    accounts = (*accounts, MONITOR) if statistics else tuple(accounts)
    async with AsyncExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix=f"penumbra-{side.label}-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        files = {}
        for name in (*(account.username for account in accounts), SPY):
            files[name] = folder / f"{name}.password"
            files[name].write_text(new_password())
        port = free_port()
        hashes = "".join(f"{name}:{hashed_password(file.read_text())}\n" for name, file in files.items())
        _private(folder / "passwords", hashes)
        _private(folder / "acl", f"{mosquitto_acl(side, accounts)}\nuser {SPY}\ntopic readwrite #\n")
        conf = embedded_config(side, port, folder)
        _private(folder / "conf", conf.replace("sys_interval 0", "sys_interval 1") if statistics else conf)
        server = await stack.enter_async_context(running_mosquitto(config=folder / "conf", port=port))
        recorder = await stack.enter_async_context(recording(port)) if record else None
        yield BrokerServer(side, server, files, recorder)


@final
class Setup:
    """Everything, running.

    Attributes:
        folder: where logs, settings and keys are.
        private: the broker that sees pictures.
        cloud: the broker that does not.
        redis: what the analyzer remembers in.
        edge: the edge node.
        analyzer: the analyzer node.
        helpers: helping devices by name.
    """

    def __init__(
        self,
        *,
        folder: Path,
        private: BrokerServer,
        cloud: BrokerServer,
        redis: Server,
        edge: Node,
        analyzer: Node,
        helpers: dict[str, Node],
        stack: ExitStack,
    ) -> None:
        self.folder = folder
        self.private = private
        self.cloud = cloud
        self.redis = redis
        self.edge = edge
        self.analyzer = analyzer
        self.helpers = helpers
        self._stack = stack

    def part(self, name: str) -> Node | Server:
        """A part by its name."""
        parts: dict[str, Node | Server] = {
            "private broker": self.private.server,
            "cloud broker": self.cloud.server,
            "redis": self.redis,
            "edge": self.edge,
            "analyzer": self.analyzer,
        }
        return parts[name]

    async def start(self, name: str) -> None:
        """Start a part; a server answers then, a node may take a while."""
        part = self.part(name)
        if isinstance(part, Server):
            await part.start()
        else:
            part.start()

    async def ready(self) -> None:
        """Wait until edge and analyzer are ready."""
        await self.analyzer.ready()
        await self.edge.ready()

    def tell(self) -> None:
        """Print what all nodes have said, for whoever reads a failed test."""
        for log in sorted(self.folder.glob("*.log")):
            sys.stderr.write(f"--- {log.name}\n{log.read_text(errors='replace')[-6000:]}\n")

    def camera(self, *specs: CameraSpec, name: str = "cameras", **more: Any) -> Node:
        """A camera node of its own process, not started yet; `more` are further settings of it."""
        accounts = [msgspec.structs.replace(spec, broker=self.camera_address(spec.name)) for spec in specs]
        settings = msgspec.json.encode(CameraSettings(cameras=tuple(accounts), **more), enc_hook=str)
        node = Node(name, "camera_node", settings, self.folder)
        self._stack.enter_context(killed_at_the_end(node))
        return node

    def camera_address(self, camera: str) -> BrokerAddress:
        """Where a camera connects."""
        return self.private.address(Account(Role.CAMERA, camera).username)

    def viewer(self) -> Link[Private]:
        """A link that sees answers and status; not entered yet."""
        return link_to(Private, self.private.address(Account(Role.VIEWER, "viewer").username))


def link_to(side: type[S], address: BrokerAddress) -> Link[S]:
    """A link under an account; not entered yet."""
    return mqtt_link(side, address, client_id=f"test-{next(_numbers)}")


@asynccontextmanager
async def running_setup(
    folder: Path,
    extractor: Extractor = "bundle",
    *,
    cameras: Iterable[str] = ("front",),
    site: str = "home",
    record: bool = False,
    statistics: bool = False,
    start: bool = True,
    bundle: str = "",
    edge: dict[str, Any] | None = None,
    analyzer: dict[str, Any] | None = None,
    helpers: Iterable[str] = (),
    home_assistant: bool = False,
) -> AsyncIterator[Setup]:
    """Start everything and wait until it is ready; without `start` nothing runs yet.

    Args:
        folder: a folder of this test alone.
        extractor: what the edge makes of pictures.
        cameras: those that have an account.
        site: the site's name.
        record: keep all bytes that clients send to either broker.
        statistics: let both brokers say every second what they count.
        start: whether to start everything.
        bundle: another than the usual one.
        edge: further settings of the edge.
        analyzer: further settings of the analyzer.
        helpers: helping devices, each a process of its own.
        home_assistant: tell Home Assistant of the cameras.
    """
    cameras, helpers = tuple(cameras), tuple(helpers)
    async with AsyncExitStack() as stack:
        nodes = stack.enter_context(ExitStack())
        private = await stack.enter_async_context(
            broker_server(Private, _private_accounts(cameras, helpers), record=record, statistics=statistics)
        )
        cloud = await stack.enter_async_context(
            broker_server(Cloud, _cloud_accounts(), record=record, statistics=statistics)
        )
        redis = await stack.enter_async_context(running_redis())
        chosen = find(bundle or (PICTURE_BUNDLE if extractor == "shade" else BUNDLE))
        told = _home_assistant(private, cameras) if home_assistant else {}
        settings = _edge_settings(
            folder, private, cloud, site=site, extractor=extractor, bundle=chosen, **told, **(edge or {})
        )
        edge_node = Node("edge", "feature_node", settings, folder)
        settings = _analyzer_settings(cloud, redis, chosen, analyzer or {})
        analyzer_node = Node("analyzer", "analyzer_node", settings, folder)
        helper_nodes = {
            name: Node(name, "feature_node.distributed", _helper_settings(private, name), folder)
            for name in helpers
        }
        nodes.enter_context(killed_at_the_end(edge_node, analyzer_node, *helper_nodes.values()))
        setup = Setup(
            folder=folder,
            private=private,
            cloud=cloud,
            redis=redis,
            edge=edge_node,
            analyzer=analyzer_node,
            helpers=helper_nodes,
            stack=nodes,
        )
        if start:
            for node in (*helper_nodes.values(), analyzer_node, edge_node):
                node.start()
            await setup.ready()
        else:
            for server in (private.server, cloud.server, redis):
                server.kill()
        try:
            yield setup
        except BaseException:
            setup.tell()
            raise
        for node in (edge_node, analyzer_node, *helper_nodes.values()):
            node.assert_no_traceback()


def _private_accounts(cameras: Iterable[str], helpers: Iterable[str]) -> list[Account]:
    named = [Account(Role.CAMERA, camera) for camera in cameras]
    named += [Account(Role.HELPER, helper) for helper in helpers]
    named += [Account(Role.ANNOUNCER, "edge"), Account(Role.HOME_ASSISTANT, "main")]
    return [*named, Account(Role.EDGE, "edge"), Account(Role.VIEWER, "viewer")]


def _home_assistant(private: BrokerServer, cameras: tuple[str, ...]) -> dict[str, Any]:
    address = private.address(Account(Role.ANNOUNCER, "edge").username)
    return {"home_assistant": HomeAssistantSettings(address=address, cameras=cameras)}


def _cloud_accounts() -> list[Account]:
    roles = (Account(Role.EDGE, "edge"), Account(Role.ANALYZER, "analyzer"), Account(Role.VIEWER, "viewer"))
    return list(roles)


def _edge_settings(folder: Path, private: BrokerServer, cloud: BrokerServer, **more: Any) -> bytes:
    fields: dict[str, Any] = {
        "node": "edge",
        "private": private.address("edge-edge"),
        "cloud": cloud.address("edge-edge"),
        "key_file": folder / "pseudonym.key",
        "detection_size": SMALL_DETECTION,
        "answer_timeout": ANSWER_SECONDS,
    }
    return msgspec.json.encode(EdgeSettings(**{**fields, **more}), enc_hook=str)


def _helper_settings(private: BrokerServer, name: str) -> bytes:
    address = private.address(Account(Role.HELPER, name).username)
    return msgspec.json.encode(HelperSettings(helper=name, private=address), enc_hook=str)


def _analyzer_settings(cloud: BrokerServer, redis: Server, bundle: Path, more: dict[str, Any]) -> bytes:
    fields: dict[str, Any] = {
        "node": "analyzer",
        "cloud": cloud.address("analyzer-analyzer"),
        "bundles": (bundle,),
        "redis": f"redis://{LOOPBACK}:{redis.port}/0",
    }
    return msgspec.json.encode(AnalyzerSettings(**{**fields, **more}), enc_hook=str)


def _private(file: Path, text: str) -> None:
    file.touch(mode=0o600)
    file.write_text(text)
