"""A mechanism under a site's budget, and on a node's way: what cannot be kept is refused before any frame."""

import numpy as np
import pytest

from feature_node.budget.amounts import Fixed
from feature_node.budget.budgeted import budgeted, check_budget
from feature_node.budget.protection import BudgetedProtection
from feature_node.budget.settings import BudgetSettings
from feature_node.errors import BadLedger, BadSettings, NoJointGuarantee
from feature_node.extractor import Embedded, Profile
from feature_node.protect import NumbersProtection, Origin
from feature_node.release.chains import chain_of
from feature_node.release.mechanism import Cost
from models.manifest import NoiseSpec
from tests.unit.feature_node.budget.twins import Marking, ledger
from tests.unit.feature_node.fakes import OUTPUT, FixedExtractor, frame, running

JOINT = Cost(epsilon_joint=8.0)
MARKED = Profile(bundle="0" * 16, kind="embedding", task="who", region_bytes=1, needs_faces=True)


def refusal(cost: Cost, **wanted) -> str:
    with pytest.raises(BadSettings) as why:
        check_budget(BudgetSettings(**wanted), cost, "clip+int8")
    return str(why.value)


def test_without_noise_there_is_nothing_to_count_and_no_file_is_made(tmp_path):
    made = budgeted(chain_of(OUTPUT), BudgetSettings(), tmp_path / "ledger.json")
    assert isinstance(made.protect, NumbersProtection)
    assert made.ledger is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("wanted", [{"day": 5000}, {"fresh_every": 1}, {"when_spent": "widen"}])
def test_a_budget_without_noise_is_refused(wanted):
    with pytest.raises(NoJointGuarantee, match=r"edge\.budget: clip\+int8 adds no noise.*bundle with noise"):
        check_budget(BudgetSettings(**wanted), Cost(), "clip+int8")


def test_a_limit_without_a_joint_guarantee_is_refused_and_a_memory_is_not():
    told = refusal(Cost(epsilon_per_coordinate=200), hour=600)
    assert told.startswith("edge.budget.hour: clip+int8 has no joint guarantee")
    check_budget(BudgetSettings(fresh_every=2), Cost(epsilon_per_coordinate=200), "clip+int8")


def test_a_limit_under_which_nothing_would_ever_be_answered_is_refused():
    told = refusal(JOINT, minute=7.9, day=5000)
    assert told.startswith("edge.budget.minute: 7.9 is too little: one region costs epsilon_joint 8")
    assert "when_spent to widen" in told
    check_budget(BudgetSettings(minute=8, day=5000), JOINT, "")
    check_budget(BudgetSettings(minute=7.9, when_spent="widen"), JOINT, "")
    assert "when_spent" not in refusal(JOINT, minute=0.79, when_spent="widen")


def test_the_ledger_is_held_until_it_is_closed(tmp_path):
    path, settings = tmp_path / "ledger.json", BudgetSettings(day=100)
    first = budgeted(Marking(8.0), settings, path)
    assert isinstance(first.protect, BudgetedProtection)
    with pytest.raises(BadLedger, match="another edge node"):
        budgeted(Marking(8.0), settings, path)
    assert first.ledger is not None
    first.ledger.spend("yard", 8)
    first.ledger.close()
    second = budgeted(Marking(8.0), settings, path)
    assert second.ledger is not None
    assert second.ledger.spent("yard", "day") == 8
    second.ledger.close()


def test_a_ledger_that_is_refused_is_let_go_of(tmp_path):
    path = tmp_path / "ledger.json"
    path.touch(0o600)
    for _ in range(2):
        with pytest.raises(BadLedger, match="damaged"):
            budgeted(Marking(8.0), BudgetSettings(), path)


@pytest.mark.parametrize(
    "noise",
    [
        NoiseSpec(mechanism="laplace-l1", bound=0.5, epsilon_joint=8.0),
        NoiseSpec(mechanism="gaussian-l2", bound=0.5, epsilon_joint=8.0, delta=1e-6),
        NoiseSpec(mechanism="laplace", bound=0.5, epsilon_per_coordinate=2.0),
        NoiseSpec(mechanism="response", epsilon_joint=8.0, codebook=((1, 0, 0, 0), (0, 1, 0, 0))),
    ],
    ids=lambda noise: noise.mechanism,
)
@pytest.mark.parametrize("when_spent", ["hold", "widen"])
def test_every_mechanism_runs_under_a_budget(tmp_path, noise, when_spent):
    settings = BudgetSettings(minute=24, repeat_unchanged=False, when_spent=when_spent)
    made = budgeted(chain_of(OUTPUT, noise), settings, tmp_path / "ledger.json")
    assert made.ledger is not None
    origin = Origin("yard", 1, 0, (64, 48))
    numbers = np.full((1, 4), 0.1, np.float32)
    costs = []
    for _ in range(3):
        message = made.protect.protect(Embedded(numbers, ((0, 0, 8, 8),)), origin)
        assert [len(region) for region in message.regions] == [4]
        assert message.protection.mechanism == made.protect.name
        costs.append(message.protection.epsilon_joint or 0)
    assert sum(costs) <= 24
    assert (costs == [8, 8, 8]) == (when_spent == "hold")
    made.ledger.close()


async def test_a_node_whose_budget_is_spent_holds_back_and_says_until_when():
    mechanism, books = Marking(8.0), ledger(day=16)
    protect = BudgetedProtection(mechanism, Fixed(mechanism, books), ledger=books, memo=None)
    extractor = FixedExtractor(profile=MARKED)
    async with running(protect=protect, extractor=extractor) as (bench, send):
        for number in range(3):
            await send(frame(number))
        answers = sorted(await bench.answered(3), key=lambda answer: answer.sequence)
        assert [(answer.outcome, answer.reason) for answer in answers] == [
            ("answered", ""),
            ("answered", ""),
            ("refused", "budget-spent"),
        ]
        assert [answer.protection.epsilon_joint for answer in answers] == [8, 8, None]
        assert bench.tally.refusing.startswith("yard: budget-spent until 2025-10-10 00:00 UTC")
        assert bench.tally.counts == {"yard": {"budget-spent": 1}}
        assert len(bench.crossed) == 2
