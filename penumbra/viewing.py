"""Which private broker to look at, and as whom."""

from broker.address import BrokerAddress
from broker.topic import Role
from penumbra.brokers import VIEWER, ConfiguredBroker
from penumbra.errors import RunError
from penumbra.pipeline_schema import BrokerEntry
from penumbra.run_file import running


def viewer_address(entry: BrokerEntry | None) -> BrokerAddress:
    """The broker that was named, else that of the `penumbra up` that runs on this machine.

    Raises:
        RunError: None was named and none runs.
    """
    if entry is not None:
        return ConfiguredBroker(entry).address_for(Role.VIEWER, VIEWER)
    info = running()
    if info is None:
        raise RunError(
            "No penumbra up runs on this machine. "
            "Start one, or name a pipeline file (-c) or a broker (--broker)."
        )
    return info.viewer
