"""What the command line tells its user, as one small tree.

```
CommandError            one clear message on stderr, and an exit status
├── ConfigError         a flag or the pipeline file is wrong: exit 2
└── RunError            something went wrong while running: exit 1
    └── PartFailed      a part of the pipeline said that it cannot run at all
```

Each message says what happened, where, which value, and what to do. None carries a password, a picture
or a payload.
"""

from typing import ClassVar, final


class CommandError(Exception):
    """Anything that ends a command with a message instead of a result."""

    exit_code: ClassVar[int] = 1


@final
class ConfigError(CommandError):
    """A flag or the pipeline file is wrong; holds every problem found, one a line."""

    exit_code: ClassVar[int] = 2

    def __init__(self, *problems: str) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


class RunError(CommandError):
    """Something went wrong while running."""


@final
class PartFailed(RunError):
    """A part refused its settings: starting it again would not help."""
