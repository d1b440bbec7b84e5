"""Puts a mechanism under a site's budget, or says why that budget cannot be kept."""

from pathlib import Path
from typing import Final, NamedTuple

from feature_node.budget.amounts import SHARE, Amounts, Fixed, Widening, widened
from feature_node.budget.ledger import Ledger
from feature_node.budget.ledger_file import DiskLedger
from feature_node.budget.memo import Memo
from feature_node.budget.protection import BudgetedProtection
from feature_node.budget.settings import BudgetSettings
from feature_node.errors import BadLedger, BadSettings, NoJointGuarantee
from feature_node.protect import NumbersProtection, Protect
from feature_node.release.mechanism import Cost, Mechanism

_PLAIN: Final = BudgetSettings()


class Budgeted(NamedTuple):
    """A protection, and the ledger that it spends from; None where there is nothing to count."""

    protect: Protect
    ledger: Ledger | None


def budgeted(
    mechanism: Mechanism, budget: BudgetSettings, ledger_file: Path, ceiling: float | None = None
) -> Budgeted:
    """Put a mechanism under a budget; one that adds no noise has none.

    Args:
        mechanism: The release steps.
        budget: What the site wants.
        ledger_file: What each camera has spent; made if it is not there. Close the ledger to let go of it.
        ceiling: The largest epsilon_joint of one message; None: no limit.

    Raises:
        BadSettings: The budget cannot be kept, or the ledger cannot be trusted.
    """
    check_budget(budget, mechanism.cost, mechanism.name)
    if not mechanism.cost.promises:
        return Budgeted(NumbersProtection(mechanism), None)
    ledger = None if mechanism.cost.epsilon_joint is None else _opened(budget, ledger_file)
    within = budget.unchanged_within if budget.repeat_unchanged else None
    memo = Memo(unchanged_within=within, fresh_every=budget.fresh_every) if budget.repeats else None
    amounts: Amounts = Fixed(mechanism, ledger, ceiling)
    if ledger is not None and budget.when_spent == "widen":
        amounts = Widening(mechanism, ledger, ceiling)
    return Budgeted(BudgetedProtection(mechanism, amounts, ledger=ledger, memo=memo), ledger)


def check_budget(budget: BudgetSettings, cost: Cost, name: str) -> None:
    """Let through a budget that releases of this cost can be counted against.

    Raises:
        NoJointGuarantee: There is nothing to count.
        BadSettings: Not one release would fit.
    """
    limited = budget.limits.limited
    if budget != _PLAIN and not cost.promises:
        raise NoJointGuarantee(
            f"edge.budget: {name} adds no noise, so there is nothing to count or to repeat. Take it out, or "
            "use a bundle with noise (penumbra bundle list)."
        )
    if limited and cost.epsilon_joint is None:
        raise NoJointGuarantee(
            f"edge.budget.{limited[0]}: {name} has no joint guarantee, so nothing adds up to a limit. Take "
            "it out, or use a bundle with joint noise."
        )
    for window in limited:
        _check_fits(budget, window, budget.limits.of(window) or 0.0, cost.epsilon_joint or 0.0)


def _check_fits(budget: BudgetSettings, window: str, limit: float, epsilon_joint: float) -> None:
    widens = budget.when_spent == "widen"
    fits = widened(epsilon_joint, limit / SHARE) is not None if widens else limit >= epsilon_joint
    if not fits:
        remedy = "Raise it" if widens else "Raise it, or set edge.budget.when_spent to widen"
        raise BadSettings(
            f"edge.budget.{window}: {limit:g} is too little: one region costs epsilon_joint "
            f"{epsilon_joint:g}, so nothing would ever be answered. {remedy}."
        )


def _opened(budget: BudgetSettings, path: Path) -> Ledger:
    file = DiskLedger(path)
    try:
        return Ledger(budget.limits, file)
    except BadLedger:
        file.close()
        raise
