"""The ledger: how much joint privacy loss each camera has spent, and whether it may spend more.

Releases compose sequentially: their epsilon_joint add up, and so do their deltas (Dwork and Roth, The
Algorithmic Foundations of Differential Privacy, theorem 3.16). Spends are reserved in the file before they
are made, a block at a time: a crash can only have counted too much.
"""

import math
import time
from collections.abc import Callable, Mapping
from typing import Final, Protocol, final

from broker.status import BudgetWindow
from feature_node.budget.account import Account, empty
from feature_node.budget.limits import MILLION, WINDOWS, Limits, Window, at_least
from feature_node.errors import BudgetSpent, LedgerUnusable

MAX_CAMERAS: Final = 4096
_BLOCKS: Final = 16
"""A block is this part of the smallest limit: a crash costs at most that, a window this many writes."""
_RELEASES: Final = 64
"""Without limits, a block lasts for this many releases."""


class LedgerFile(Protocol):
    """Where accounts outlast the process."""

    def read(self, now_ns: int) -> dict[str, Account]:
        """Give what was written last; nothing before the first time.

        Raises:
            BadLedger: It cannot be trusted.
        """
        ...

    def write(self, accounts: Mapping[str, Account]) -> None:
        """Replace what was written; it is on the disk when this returns.

        Raises:
            LedgerUnusable: It could not be written.
        """
        ...

    def close(self) -> None:
        """Let another process use it."""
        ...


@final
class Ledger:
    """Spends within the limits, or says until when there is nothing to spend; not for several threads."""

    def __init__(self, limits: Limits, file: LedgerFile, now: Callable[[], int] = time.time_ns) -> None:
        """Go on from what the file says; `now` gives Unix nanoseconds.

        Raises:
            BadLedger: The file cannot be trusted.
        """
        self.limits: Final = limits
        self._file = file
        self._clock = now
        self._accounts = file.read(now())
        # As late as it ever was: a clock that is set back must not find accounts gone that were over.
        self._latest_ns = max(
            (account.minute.start * 10**9 for account in self._accounts.values()), default=0
        )
        self._reserved: dict[str, Account] = dict(self._accounts)
        self._busy: set[str] = set()

    @property
    def cameras(self) -> tuple[str, ...]:
        """Those that have an account."""
        return tuple(self._accounts)

    def remaining(self, camera: str) -> float:
        """Give what the camera may spend now: the least that is left in a window; infinity without limits."""
        account = self._account(camera)
        left = [
            self.limits.millionths(window) - account.of(window).millionths for window in self.limits.limited
        ]
        return max(0, min(left)) / MILLION if left else math.inf

    def spent(self, camera: str, window: Window) -> float:
        """Give the sum of epsilon_joint in the current window."""
        return self._account(camera).of(window).millionths / MILLION

    def check(self, camera: str, epsilon_joint: float, times: int = 1) -> None:
        """Say whether so much could be spent now.

        Raises:
            BudgetSpent: It could not; says until when.
        """
        self._check(self._account(camera), times * at_least(epsilon_joint))

    def spend(self, camera: str, epsilon_joint: float, delta: float = 0.0, times: int = 1) -> None:
        """Count a loss `times` times; called before anything is sent that it belongs to.

        Raises:
            BudgetSpent: A limit would be passed; nothing was counted.
            LedgerUnusable: It cannot be kept, so nothing may be sent.
        """
        millionths = times * at_least(epsilon_joint)
        if millionths == 0 and delta == 0:
            return
        account = self._account(camera)
        self._check(account, millionths)
        after = account.plus(millionths, times * delta)
        reserved = self._reserved.get(camera)
        if reserved is None or not reserved.covers(after):
            self._reserve(camera, after, millionths, times * delta)
        self._accounts[camera] = after
        self._busy.add(camera)

    def refusal(self, camera: str) -> BudgetSpent:
        """Say which window is the tightest, and until when it lasts; only where there are limits."""
        account = self._account(camera)
        left = {
            window: self.limits.millionths(window) - account.of(window).millionths
            for window in self.limits.limited
        }
        return self._refusal(account, min(left, key=lambda window: (left[window], -WINDOWS[window])))

    def report(self) -> dict[str, dict[str, BudgetWindow]]:
        """Give what each camera has spent in each window, for status and screens."""
        return {camera: self._report(self._account(camera)) for camera in sorted(self._accounts)}

    def close(self) -> None:
        """Write what was really spent, without what was reserved ahead, and let go of the file.

        Raises:
            LedgerUnusable: It could not be written; what was reserved counts as spent then.
        """
        try:
            if self._reserved != self._accounts:
                self._file.write(self._accounts)
        finally:
            self._file.close()

    def _now(self) -> int:
        self._latest_ns = max(self._latest_ns, self._clock())
        return self._latest_ns

    def _account(self, camera: str) -> Account:
        now = self._now()
        account = self._accounts.get(camera)
        return empty(now) if account is None else account.at(now)

    def _check(self, account: Account, millionths: int) -> None:
        passed = [
            window
            for window in self.limits.limited
            if account.of(window).millionths + millionths > self.limits.millionths(window)
        ]
        if passed:
            raise self._refusal(account, max(passed, key=lambda window: _end(account, window)))

    def _refusal(self, account: Account, window: Window) -> BudgetSpent:
        return BudgetSpent(window, self.limits.of(window) or 0.0, _end(account, window))

    def _reserve(self, camera: str, after: Account, millionths: int, delta: float) -> None:
        """Write every account, and for the busy ones a block ahead of what they have spent."""
        kept = self._kept()
        if camera not in kept and len(kept) >= MAX_CAMERAS:
            raise LedgerUnusable(f"it holds {MAX_CAMERAS} cameras, and a new one came")
        kept[camera] = after
        blocks = self._blocks(millionths)
        ahead = {
            name: account.plus(blocks * millionths, blocks * delta, self.limits)
            if name in self._busy or name == camera
            else self._as_reserved(name, account)
            for name, account in kept.items()
        }
        self._file.write(ahead)
        self._accounts, self._reserved = kept, ahead
        self._busy.clear()

    def _blocks(self, millionths: int) -> int:
        """Give how many releases of this cost a block lasts for."""
        smallest = self.limits.smallest
        if smallest is None:
            return _RELEASES
        return max(1, at_least(smallest) // _BLOCKS // max(1, millionths))

    def _as_reserved(self, camera: str, account: Account) -> Account:
        """Give what is reserved for a camera already, if that is of its current windows."""
        reserved = self._reserved.get(camera)
        return reserved if reserved is not None and reserved.covers(account) else account

    def _kept(self) -> dict[str, Account]:
        """Give the accounts as of now, without those that no window needs any more."""
        now = self._now()
        return {name: account.at(now) for name, account in self._accounts.items() if not account.over_at(now)}

    def _report(self, account: Account) -> dict[str, BudgetWindow]:
        return {
            window: BudgetWindow(
                spent=account.of(window).millionths / MILLION,
                limit=self.limits.of(window),
                delta=account.of(window).delta,
                until_ns=_end(account, window),
            )
            for window in WINDOWS
        }


def _end(account: Account, window: Window) -> int:
    """Give when the window ends, in Unix nanoseconds."""
    return (account.of(window).start + WINDOWS[window]) * 10**9
