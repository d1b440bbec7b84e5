import os
import sys

# Several helpers may share a machine: each computes on one core, which must be said before NumPy loads.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from broker.errors import BrokerError
from feature_node.distributed.helper_node import run
from feature_node.distributed.settings import decode_helper_settings
from feature_node.errors import BadSettings, EdgeError
from monitoring.errors import MonitoringError

BAD_SETTINGS = 2


def main() -> None:
    """Read a helper's settings as JSON from standard input and run."""
    try:
        run(decode_helper_settings(sys.stdin.buffer.read()))
    except (BadSettings, BrokerError, EdgeError, MonitoringError) as error:
        sys.stderr.write(f"penumbra helper: {error}\n")
        raise SystemExit(BAD_SETTINGS if isinstance(error, BadSettings) else 1) from None


if __name__ == "__main__":
    main()
