"""The release steps under a budget: what is unchanged is repeated, what is fresh is paid for first."""

from collections.abc import Sequence
from typing import final

import numpy as np

from broker.features import Protection
from feature_node.budget.amounts import Amounts
from feature_node.budget.gauges import Gauges
from feature_node.budget.ledger import Ledger
from feature_node.budget.memo import Look, Memo, Release
from feature_node.errors import ExtractorError
from feature_node.extractor import Embedded, Extraction
from feature_node.protect import Origin, Protected, embedded
from feature_node.release.mechanism import Mechanism
from feature_node.release.storing import payloads
from models.errors import BundleError


@final
class BudgetedProtection:
    """A `Protect` for a mechanism that adds noise.

    The `epsilon_joint` of a message is what the ledger was charged for it: the sum over its fresh regions, 0
    where every region repeats what was released before.
    """

    def __init__(
        self, mechanism: Mechanism, amounts: Amounts, *, ledger: Ledger | None, memo: Memo | None
    ) -> None:
        """Choose the noise by `amounts`; without a ledger nothing is counted, without a memo all is fresh."""
        self.cost = mechanism.cost
        self._amounts = amounts
        self._ledger = ledger
        self._memo = memo
        self._gauges = Gauges(ledger)
        self.name = mechanism.name

    def protect(self, extraction: Extraction, origin: Origin) -> Protected:
        """See `Protect`.

        Raises:
            ExtractorError: It may not leave.
            BudgetSpent, OverCeiling, LedgerUnusable: It may not leave now.
        """
        made = embedded(extraction)
        if not np.isfinite(made.numbers).all():
            raise ExtractorError("a number is NaN or infinite")
        looks = self._look(made, origin)
        drawn = iter(self._draw(made, origin, [i for i, look in enumerate(looks) if look.release is None]))
        released = tuple(look.release or next(drawn) for look in looks)
        self._keep(made, origin, looks, released)
        protection = self._protection(looks, released)
        self._gauges.show(origin.camera, protection, self._kinds(looks, released))
        return Protected(tuple(release.payload for release in released), made.boxes, protection)

    def _look(self, made: Embedded, origin: Origin) -> tuple[Look, ...]:
        if self._memo is None:
            return (Look(),) * len(made.boxes)
        return self._memo.look(origin.camera, origin.run, made.boxes, made.numbers)

    def _draw(self, made: Embedded, origin: Origin, fresh: list[int]) -> list[Release]:
        """Release the fresh regions. What was drawn is thrown away unless it can be paid for."""
        if not fresh:
            return []
        mechanism = self._amounts.mechanism_for(origin.camera, len(fresh))
        cost = mechanism.cost
        try:
            stored, _ = mechanism.apply(made.numbers[fresh])
        except BundleError as error:
            raise ExtractorError(str(error)) from error
        if self._ledger is not None and cost.epsilon_joint is not None:
            self._ledger.spend(origin.camera, cost.epsilon_joint, cost.delta or 0.0, len(fresh))
        return [Release(payload, cost) for payload in payloads(stored)]

    def _keep(
        self, made: Embedded, origin: Origin, looks: Sequence[Look], released: Sequence[Release]
    ) -> None:
        if self._memo is None:
            return
        for i, look in enumerate(looks):
            if look.release is None:
                box, clean = made.boxes[i], made.numbers[i]
                self._memo.keep(
                    origin.camera, origin.run, box=box, clean=clean, release=released[i], instead=look.entry
                )

    def _protection(self, looks: Sequence[Look], released: Sequence[Release]) -> Protection:
        """Say on the wire what this message cost, and the guarantee of its least protected number."""
        pairs = zip(looks, released, strict=True)
        fresh = [release.cost.epsilon_joint or 0.0 for look, release in pairs if look.release is None]
        one = [cost for release in released if (cost := release.cost.epsilon_per_coordinate) is not None]
        return Protection(
            self.name,
            max(one, default=self.cost.epsilon_per_coordinate),
            None if self.cost.epsilon_joint is None else len(fresh) * max(fresh, default=0.0),
            None if self.cost.delta is None else min(1.0, len(fresh) * self.cost.delta),
        )

    def _kinds(self, looks: Sequence[Look], released: Sequence[Release]) -> list[str]:
        return [
            "repeated" if look.release else "fresh" if release.cost == self.cost else "widened"
            for look, release in zip(looks, released, strict=True)
        ]
