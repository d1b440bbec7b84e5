"""Who may write and read what, made from the topic table; the text mosquitto enforces it by."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, final

from broker.errors import BadAccount
from broker.identity import check_name
from broker.topic import AnyTopic, Grant, Role, Side
from broker.topic_table import TABLE

STATISTICS: Final = tuple("$SYS/broker" + "/+" * depth for depth in (1, 2, 3))
"""What a broker says of itself: counts, and no client's name. No row of the table: the broker writes it."""

_HEADING: Final = """\
# Who may do what on the {side} broker. Made by `penumbra broker config` from the topic table: do not edit.
# An account may do what its block names and nothing else; without an account nobody may do anything.
"""


@final
@dataclass(frozen=True)
class Account:
    """One participant of a broker: a role and a name.

    Raises:
        BadName: The name may not stand in a topic.
    """

    role: Role
    name: str

    def __post_init__(self) -> None:
        check_name(self.role, self.name)

    @property
    def username(self) -> str:
        """The name to log in with; no two accounts share one."""
        return f"{self.role}-{self.name}"


@final
@dataclass(frozen=True)
class Rights:
    """The topic filters that an account may write to and read from."""

    write: tuple[str, ...]
    read: tuple[str, ...]


def roles_of(side: type[Side]) -> tuple[Role, ...]:
    """Name the roles that have anything to do on a side, in the order of `Role`."""
    granted = {grant.role for topic in TABLE if topic.side is side for grant in topic.writers + topic.readers}
    granted.add(Role.MONITOR)
    return tuple(role for role in Role if role in granted)


def rights_of(side: type[Side], account: Account, table: tuple[AnyTopic, ...] = TABLE) -> Rights:
    """Read an account's rights on a side off the topic table.

    Raises:
        BadAccount: Its role has nothing to do on that side.
    """
    if account.role not in roles_of(side):
        allowed = ", ".join(roles_of(side))
        raise BadAccount(
            f"{account.role} {account.name} can have no account on the {side.label} broker; "
            f"the roles there are {allowed}."
        )
    if account.role is Role.MONITOR:
        return Rights(write=(), read=STATISTICS)
    topics = [topic for topic in table if topic.side is side]

    def granted(grants: tuple[Grant, ...], own: str, every: str) -> list[str]:
        return [own if grant.scope == "own" else every for grant in grants if grant.role is account.role]

    return Rights(
        tuple(f for topic in topics for f in granted(topic.writers, topic.path(account.name), topic.filter)),
        tuple(f for topic in topics for f in granted(topic.readers, topic.path(account.name), topic.filter)),
    )


def checked(side: type[Side], accounts: Iterable[Account]) -> tuple[Account, ...]:
    """Return the accounts if a broker of this side can have them all.

    Raises:
        BadAccount: One is given twice, or its role has nothing to do on that side.
    """
    kept: dict[str, Account] = {}
    for account in accounts:
        rights_of(side, account)
        if account.username in kept:
            raise BadAccount(f"{account.role} {account.name} is given twice; each needs a name of its own.")
        kept[account.username] = account
    return tuple(kept.values())


def covers(granted: str, requested: str) -> bool:
    """Say whether every topic that `requested` (a topic or a filter) matches is also matched by `granted`."""
    ours, theirs = granted.split("/"), requested.split("/")
    return len(ours) == len(theirs) and all(
        mine == other or (mine == "+" and other != "#") for mine, other in zip(ours, theirs, strict=True)
    )


def mosquitto_acl(side: type[Side], accounts: Iterable[Account], table: tuple[AnyTopic, ...] = TABLE) -> str:
    """Write mosquitto's access list: one block an account, no patterns.

    Raises:
        BadAccount: See `checked`.
    """
    blocks = [_HEADING.format(side=side.label)]
    for account in checked(side, accounts):
        rights = rights_of(side, account, table)
        lines = [f"user {account.username}"]
        lines += [f"topic write {topic_filter}" for topic_filter in rights.write]
        lines += [f"topic read {topic_filter}" for topic_filter in rights.read]
        blocks.append("\n".join(lines) + "\n")
    return "\n".join(blocks)
