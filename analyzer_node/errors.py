"""What can go wrong on the cloud side, ours apart from the libraries'.

AnalyzerError
├── BadSettings       the settings cannot be used; says which value and what to do
├── BadRedisAddress   the Redis address cannot be used; never repeats a password
├── RedisNotStarted   the embedded redis-server did not come up
└── StoreDown         the result store did not answer in time; answers go on without it
"""

from typing import final


class AnalyzerError(Exception):
    """Root of everything this package raises; the command line prints its text and nothing else."""


@final
class BadSettings(AnalyzerError):
    """The settings of an analyzer cannot be used."""


@final
class BadRedisAddress(AnalyzerError):
    """The address of Redis cannot be used."""


@final
class RedisNotStarted(AnalyzerError):
    """The embedded redis-server did not come up."""


@final
class StoreDown(AnalyzerError):
    """The result store cannot be reached or was too slow; `reason` is a short word for metrics."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
