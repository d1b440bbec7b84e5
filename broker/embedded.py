"""Brokers that need no installation: one a side, on this host alone, ended with the program.

`mosquitto` where it is installed, otherwise `amqtt`; either knows only the accounts it is given, each with a
password drawn for this run, and holds them to the rights of the topic table.
"""

import asyncio
import contextlib
import socket
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, final

from broker.acl import Account, checked
from broker.address import BrokerAddress
from broker.backoff import backoff
from broker.child import Child
from broker.embedded_programs import Program, amqtt_program, mosquitto_program
from broker.errors import EmbeddedBrokerError
from broker.mosquitto_conf import new_password
from broker.topic import Role, Side

HOST: Final = "127.0.0.1"
READY_SECONDS: Final = 15.0
_ATTEMPTS: Final = 3
_POLL_SECONDS: Final = 0.02
_FIRST_RESTART_SECONDS: Final = 0.2

Choice = Literal["any", "mosquitto", "amqtt"]


@final
class EmbeddedBroker:
    """A running broker.

    Attributes:
        side: Whose topics it carries.
        kind: Name and version, and what it cannot do, for people.
        port: Its loopback port; the same over all its restarts.
    """

    def __init__(
        self, side: type[Side], kind: str, port: int, password_files: Mapping[Account, Path]
    ) -> None:
        self.side = side
        self.kind = kind
        self.port = port
        self._password_files = password_files

    def address_for(self, role: Role, name: str) -> BrokerAddress:
        """Return where an account connects and where its password is.

        Raises:
            EmbeddedBrokerError: The broker was started without that account.
        """
        account = Account(role, name)
        if account not in self._password_files:
            known = ", ".join(known.username for known in self._password_files) or "none"
            raise EmbeddedBrokerError(
                f"the embedded {self.side.label} broker has no account {account.username}; it has {known}."
            )
        return BrokerAddress(
            host=HOST, port=self.port, username=account.username, password_file=self._password_files[account]
        )


@asynccontextmanager
async def embedded_broker(
    side: type[Side],
    accounts: Iterable[Account],
    *,
    choice: Choice = "any",
    on_crash: Callable[[str], None] = lambda _: None,
) -> AsyncIterator[EmbeddedBroker]:
    """Run a broker on a free loopback port for as long as the context lasts.

    A broker that crashes is started again on its port, with its accounts; the nodes reconnect by themselves.

    Args:
        side: Whose topics it carries.
        accounts: Everyone who may connect.
        choice: Which program; `any` prefers mosquitto.
        on_crash: Is told in words whenever the broker ended by itself, and whether it could be restarted.

    Raises:
        BadAccount: An account is given twice, or has nothing to do on that side.
        EmbeddedBrokerError: No program is installed, or it does not start.
    """
    known = checked(side, accounts)
    program = await _find(choice)
    with tempfile.TemporaryDirectory(prefix=f"penumbra-{side.label}-", ignore_cleanup_errors=True) as name:
        folder = Path(name)  # made with mode 0700
        passwords = {account: new_password() for account in known}
        files = {account: _write_secret(folder, account, secret) for account, secret in passwords.items()}
        launch = _Launch(program, side, passwords, folder)
        async with _running(launch, on_crash) as port:
            yield EmbeddedBroker(side, program.kind, port, files)


@asynccontextmanager
async def _running(launch: "_Launch", on_crash: Callable[[str], None]) -> AsyncIterator[int]:
    child, port = await launch.start_on_free_port()
    keeper = _Keeper(launch, child, port, on_crash)
    task = asyncio.create_task(keeper.keep(), name=f"embedded {launch.side.label} broker")
    try:
        yield port
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await keeper.child.stop()


@final
@dataclass(frozen=True)
class _Launch:
    """Everything that starting a broker takes, except the port."""

    program: Program
    side: type[Side]
    passwords: Mapping[Account, str]
    folder: Path

    async def start_on_free_port(self) -> tuple[Child, int]:
        """Between finding a free port and binding it another program may take it, so try a few."""
        for _ in range(_ATTEMPTS - 1):
            port = _free_port()
            with contextlib.suppress(EmbeddedBrokerError):
                return await self.start(port), port
        port = _free_port()
        return await self.start(port), port

    async def start(self, port: int) -> Child:
        """Start it and wait until it answers."""
        command, first_input = self.program.prepare(self.side, self.passwords, self.folder, port)
        try:
            child = await Child.start(command, first_input)
        except OSError as error:
            raise EmbeddedBrokerError(f"{self.program.kind} cannot be run: {error}") from error
        try:
            async with asyncio.timeout(READY_SECONDS):
                await _answered_or_ended(child, port)
        except BaseException as error:
            await child.stop()
            if isinstance(error, TimeoutError):
                message = f"{self.program.kind} did not answer on port {port} within {READY_SECONDS:g} s"
                raise EmbeddedBrokerError(_described(message, child)) from None
            raise
        if child.ended:
            message = f"{self.program.kind} ended at once with status {await child.wait()}"
            await child.stop()
            raise EmbeddedBrokerError(_described(message, child))
        return child


@final
class _Keeper:
    """Starts the broker again whenever it ends by itself."""

    def __init__(self, launch: _Launch, child: Child, port: int, on_crash: Callable[[str], None]) -> None:
        self.child = child
        self._launch = launch
        self._port = port
        self._on_crash = on_crash

    async def keep(self) -> None:
        delays = backoff(first=_FIRST_RESTART_SECONDS)
        who = f"the embedded {self._launch.side.label} broker ({self._launch.program.kind})"
        while True:
            status = await self.child.wait()
            await self.child.stop()
            self._on_crash(_described(f"{who} ended with status {status}; it is restarted", self.child))
            while self.child.ended:
                await asyncio.sleep(next(delays))
                try:
                    self.child = await self._launch.start(self._port)
                except EmbeddedBrokerError as error:
                    self._on_crash(str(error))


async def _find(choice: Choice) -> Program:
    program: Program | None = await mosquitto_program() if choice in ("any", "mosquitto") else None
    if program is None and choice in ("any", "amqtt"):
        program = amqtt_program()
    if program is None:
        missing = "neither mosquitto nor amqtt" if choice == "any" else f"no {choice}"
        raise EmbeddedBrokerError(
            f"{missing} is installed, so no broker can be started. Install one (apt install mosquitto, or "
            "pip install amqtt), or name a running broker in the pipeline file."
        )
    return program


def _write_secret(folder: Path, account: Account, secret: str) -> Path:
    path = folder / f"{account.username}.password"
    path.touch(mode=0o600, exist_ok=False)
    path.write_text(secret, encoding="utf-8")
    return path


async def _answered_or_ended(child: Child, port: int) -> None:
    while True:
        if child.ended or await _answers(port):
            return
        await asyncio.sleep(_POLL_SECONDS)


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(HOST, port)
    except OSError:
        return False
    # Asked again and again, the kernel may lend the asker the very port that it asks: it then meets itself.
    met_itself = writer.get_extra_info("sockname") == writer.get_extra_info("peername")
    writer.close()
    return not met_itself


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _described(message: str, child: Child) -> str:
    return f"{message}. It last said:\n{child.last_words}" if child.last_words else f"{message}."
