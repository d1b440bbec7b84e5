"""A claim fails where it is beyond doubt worse here, and is not judged where nothing can be said."""

from typing import Any

import pytest

pytest.importorskip("torch")

from models.certificate import Figure
from privacy_lab.battery.records import Battery, Fairness, Skipped
from privacy_lab.certify.claims import Checked, Verdict, check_claims
from tests.unit.models import made
from tests.unit.privacy_lab.certify.batteries import battery
from tests.unit.privacy_lab.certify.facts import figure

TINY = made.manifest(made.halves())
CERTIFICATE = made.certificate(TINY)
COSTS = {name: figure(getattr(made.cost(), name), 0) for name in made.cost().__struct_fields__}


def judged(found: Battery | None = None, **changes: Any) -> dict[str, Verdict]:
    plain: dict[str, Any] = {
        "battery": found or battery(TINY.bundle_id),
        "why_not": "",
        "labels_known": True,
        "payload_bytes": frozenset({4}),
        "costs": COSTS,
    }
    return {
        verdict.claim.split(",")[0]: verdict
        for verdict in check_claims(CERTIFICATE, Checked(**(plain | changes)))
    }


def test_all_hold_where_all_is_as_claimed():
    found = judged()
    assert found.pop("accuracy").holds is None, "the cloud's half answers"
    assert {claim: verdict.holds for claim, verdict in found.items()} == dict.fromkeys(found, True)
    assert len(found) == 7


@pytest.mark.parametrize(
    ("claim", "changes"),
    [
        ("reconstruction", {"over_floor": Figure(0.06, 0.05, 0.07)}),
        ("people found first", {"identity_rank1": Figure(0.3, 0.2, 0.4)}),
        ("rank privacy", {"rank_privacy": Figure(0.1, 0.09, 0.11)}),
    ],
)
def test_what_is_worse_beyond_doubt_fails(claim, changes):
    found = judged(battery(TINY.bundle_id, **changes))
    assert [name for name, verdict in found.items() if verdict.holds is False] == [claim]


@pytest.mark.parametrize(
    ("claim", "changes"),
    [
        ("reconstruction", {"over_floor": Figure(0.06, 0.02, 0.1)}),
        ("people found first", {"identity_rank1": Figure(0.3, 0.1, 0.5)}),
        ("rank privacy", {"rank_privacy": Figure(0.1, 0.0, 0.32)}),
    ],
)
def test_what_may_as_well_be_chance_holds(claim, changes):
    assert judged(battery(TINY.bundle_id, **changes))[claim].holds


def test_recognition_is_compared_by_how_far_it_is_above_guessing():
    twice_the_people = {"identity_rank1": Figure(0.2, 0.19, 0.21)}
    chance = {"identity_rank1_chance": Figure(0.16, 0.16, 0.16)}
    assert judged(battery(TINY.bundle_id, **twice_the_people, **chance))["people found first"].holds
    assert judged(battery(TINY.bundle_id, **twice_the_people))["people found first"].holds is False


def test_rank_privacy_is_compared_by_how_near_it_comes_to_the_most_there_can_be():
    balanced = {"rank_privacy": figure(0.24), "rank_privacy_ceiling": figure(0.25, 0)}
    assert judged(battery(TINY.bundle_id, **balanced))["rank privacy"].holds
    uneven = {"rank_privacy": figure(0.31), "rank_privacy_ceiling": figure(0.45, 0)}
    assert judged(battery(TINY.bundle_id, **uneven))["rank privacy"].holds is False


def test_too_few_pictures_prove_nothing():
    few = battery(TINY.bundle_id, fairness=Fairness(49, 0, 100, 100, 40, 4))
    assert judged(few)["reconstruction"].holds is None
    assert "49 to learn from" in judged(few)["reconstruction"].remark
    few = battery(TINY.bundle_id, fairness=Fairness(100, 0, 19, 19, 40, 4))
    assert judged(few)["rank privacy"].holds is None


def test_too_few_people_are_told_as_such():
    reason = "retrieval: needs 2 identities with at least 2 pictures each; 1 of the 1 identities here"
    lonely = battery(
        TINY.bundle_id, identity_rank1=None, skipped=(Skipped("retrieval-within-label", reason, 1, 2),)
    )
    verdict = judged(lonely)["people found first"]
    assert (verdict.holds, verdict.remark) == (None, reason)


def test_without_labels_people_cannot_be_told_apart_within_one():
    found = judged(labels_known=False)
    for claim in ("people found first", "rank privacy"):
        assert found[claim].holds is None
        assert "LABEL/PERSON" in found[claim].remark
    assert found["reconstruction"].holds


def test_where_no_attack_could_run_the_rest_is_judged_all_the_same():
    verdicts = check_claims(
        CERTIFICATE, Checked(None, "all pictures are the same", False, frozenset({4}), COSTS)
    )
    unchecked = [verdict.claim for verdict in verdicts if verdict.holds is None]
    assert len(unchecked) == 4
    assert [verdict.remark for verdict in verdicts][1] == "all pictures are the same"
    assert all(verdict.holds for verdict in verdicts[4:])


@pytest.mark.parametrize("lengths", [{5}, {4, 5}, set()])
def test_every_payload_has_the_length_that_is_claimed(lengths):
    assert judged(payload_bytes=frozenset(lengths))["bytes a region"].holds is False


def test_a_machine_may_be_slower_but_not_by_any_measure():
    slower = COSTS | {"milliseconds_a_region": figure(0.5, 0), "load_seconds": figure(0.1, 0)}
    found = judged(costs=slower)
    assert found["edge time a region"].holds
    assert found["edge loading"].holds is False
    assert judged(costs=COSTS | {"resident_mib": figure(9, 0)})["edge memory of its own"].holds is False


def test_a_certificate_that_claims_nothing_of_people_is_not_judged_by_them():
    silent = made.certificate(TINY, identity_rank1=None, rank_privacy=None)
    verdicts = check_claims(silent, Checked(battery(TINY.bundle_id), "", True, frozenset({4}), COSTS))
    remarks = [verdict.remark for verdict in verdicts[2:4]]
    assert remarks == ["the certificate makes no claim about it"] * 2
