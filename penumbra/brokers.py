"""Each side's broker: the one that the pipeline names, or one that is started here for as long as we run."""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Protocol, final

from broker.acl import Account
from broker.address import BrokerAddress, parse_address
from broker.embedded import embedded_broker
from broker.topic import Role, Side
from penumbra.errors import ConfigError
from penumbra.pipeline_schema import BrokerEntry, Pipeline

VIEWER: Final = "terminal"
DEFAULT_HELPERS: Final = 8


class Broker(Protocol):
    """Knows where each part of a side connects."""

    def address_for(self, role: Role, name: str) -> BrokerAddress:
        """Where a part connects, and as whom."""
        ...


@final
class ConfiguredBroker:
    """A broker that runs elsewhere, as the pipeline names it."""

    def __init__(self, entry: BrokerEntry) -> None:
        self._entry = entry

    def address_for(self, role: Role, name: str) -> BrokerAddress:
        """Where a part connects; under an account of its own where the pipeline has a folder of them."""
        entry = self._entry
        url = entry.address
        password_file = entry.password_file
        if entry.accounts is not None:
            username = Account(role, name).username
            password_file = entry.accounts / f"{username}.password"
        else:
            username = entry.username or ""
        if username:
            scheme, _, rest = url.partition("://")
            url = f"{scheme}://{username}@{rest.rpartition('@')[2]}"
        return parse_address(
            url,
            password_file=password_file,
            password_env=entry.password_env,
            ca_file=entry.ca_file,
            cert_file=entry.cert_file,
            key_file=entry.key_file,
        )


def configured(entry: BrokerEntry | None) -> ConfiguredBroker:
    """The broker that the pipeline names; the caller has checked that it names one."""
    if entry is None:
        raise ConfigError("A node alone needs a broker that runs. Name it in the pipeline file.")
    return ConfiguredBroker(entry)


@final
@dataclass(frozen=True)
class RunningBroker:
    """A broker that can be used now.

    Attributes:
        broker: Says where each part connects.
        place: Where it is, for people.
        here: Whether it was started here.
    """

    broker: Broker
    place: str
    here: bool


@asynccontextmanager
async def broker_of(
    side: type[Side],
    entry: BrokerEntry | None,
    accounts: Iterable[Account],
    on_crash: Callable[[str], None],
) -> AsyncIterator[RunningBroker]:
    """The broker of a side, started here where the pipeline names none.

    Raises:
        BrokerError: It cannot be started, or its address cannot be read.
    """
    if entry is not None:
        configured = ConfiguredBroker(entry)
        address = parse_address(entry.address)
        yield RunningBroker(configured, f"{address.host}:{address.port}", here=False)
        return
    async with embedded_broker(side, accounts, on_crash=on_crash) as running:
        place = f"127.0.0.1:{running.port} ({running.kind.split(' ')[0]})"
        yield RunningBroker(running, place, here=True)


def private_accounts(pipeline: Pipeline) -> list[Account]:
    """Everyone who connects to the private broker."""
    cameras = [Account(Role.CAMERA, name) for name in pipeline.private.cameras]
    helpers = [Account(Role.HELPER, name) for name in helper_names(pipeline)]
    return [*cameras, Account(Role.EDGE, pipeline.edge.name), Account(Role.VIEWER, VIEWER), *helpers]


def cloud_accounts(pipeline: Pipeline) -> list[Account]:
    """Everyone who connects to the cloud broker."""
    analyzers = [Account(Role.ANALYZER, name) for name in analyzer_names(pipeline)]
    return [Account(Role.EDGE, pipeline.edge.name), *analyzers, Account(Role.VIEWER, VIEWER)]


def analyzer_names(pipeline: Pipeline) -> list[str]:
    """The analyzers' names: analyzer-1, analyzer-2 and so on."""
    return [f"analyzer-{number + 1}" for number in range(pipeline.cloud.analyzers)]


def helper_names(pipeline: Pipeline) -> list[str]:
    """The names of the helpers that run here: helper-1, helper-2 and so on.

    Where the pipeline does not say how many, and nobody else could reach the private broker, some do.
    """
    count = pipeline.private.helpers
    if count is None:
        alone = pipeline.edge.kind == "distributed" and pipeline.private.broker is None
        count = DEFAULT_HELPERS if alone else 0
    return [f"helper-{number + 1}" for number in range(count)]
