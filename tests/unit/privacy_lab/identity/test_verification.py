import numpy as np
import pytest

from privacy_lab.errors import TooFewIdentities
from privacy_lab.identity.verification import VerificationSettings, verify
from tests.unit.privacy_lab.identity import planted

QUICK = VerificationSettings(steps=60)


def found(rows, *, within: bool = False, who=None, seed: int = 0):
    tallies = verify(planted.seen(rows, within=within, who=who), seed, QUICK)
    return {name: tally.mean for name, tally in tallies.items()}


def test_payloads_that_say_who_it_is_are_learnt():
    figures = found(planted.one_hot(planted.identities()))
    assert figures["accuracy/linear"] == figures["accuracy/mlp"] == 1
    assert figures["accuracy/chance"] == pytest.approx(1 / 6)


def test_people_who_lie_on_no_line_are_learnt_by_the_deeper_recogniser_alone():
    random = np.random.default_rng(0)
    who = np.repeat(np.arange(2), 200).astype(np.int64)
    corner = random.integers(0, 2, (len(who),))
    rows = np.stack([2 * corner - 1, 2 * (corner ^ who) - 1], axis=1) + random.normal(0, 0.2, (len(who), 2))
    figures = found(rows, who=who)
    assert figures["accuracy/linear"] < 0.75
    assert figures["accuracy/mlp"] > 0.95


def test_payloads_that_say_nothing_give_no_more_than_the_most_frequent_person():
    who = np.repeat(np.arange(3), [10, 60, 20]).astype(np.int64)
    figures = found(np.zeros((len(who), 4)), who=who)
    assert figures["accuracy/majority"] == pytest.approx(60 / 90)
    assert figures["accuracy/linear"] == figures["accuracy/majority"]
    assert figures["accuracy/mlp"] == figures["accuracy/majority"]


def test_within_one_label_nobody_of_the_other_is_answered():
    rows = planted.one_hot(planted.labels(planted.identities()), 2)
    figures = found(rows, within=True)
    assert figures["accuracy/chance"] == pytest.approx(1 / 3)
    assert figures["accuracy/linear"] == pytest.approx(1 / 3)
    assert found(planted.one_hot(planted.identities()), within=True)["accuracy/mlp"] == 1


def test_pictures_asked_about_are_never_those_learnt_from():
    """Each payload is random: what was learnt by heart helps with no other picture."""
    rows = np.random.default_rng(2).normal(0, 1, (planted.EACH * planted.PEOPLE, 300))
    tallies = verify(planted.seen(rows), 0, QUICK)
    assert tallies["accuracy/linear"].mean < 0.4
    asked = tallies["accuracy/linear"].weights.reshape(planted.PEOPLE, planted.EACH)
    assert asked.sum(axis=1).tolist() == [planted.EACH - round(0.6 * planted.EACH)] * planted.PEOPLE


def test_the_same_seed_gives_the_same_figures():
    rows = planted.one_hot(planted.identities()) + np.random.default_rng(2).normal(0, 1, (144, 6))
    assert found(rows, seed=1) == found(rows, seed=1)
    assert found(rows, seed=1) != found(rows, seed=2)


def test_too_few_pictures_are_named_with_their_number_and_the_number_needed():
    who = np.repeat(np.arange(3), [4, 9, 2]).astype(np.int64)
    with pytest.raises(
        TooFewIdentities, match=r"verification: needs 2 identities with at least 5 .* 1 of the 3"
    ):
        found(np.zeros((len(who), 2)), who=who)
