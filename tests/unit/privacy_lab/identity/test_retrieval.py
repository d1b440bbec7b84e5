import numpy as np
import pytest

from privacy_lab.data.dataset import UNKNOWN
from privacy_lab.errors import TooFewIdentities
from privacy_lab.identity.retrieval import RetrievalSettings, draw, retrieve
from privacy_lab.identity.spaces import spaces_of
from tests.unit.privacy_lab.identity import planted

METRICS = ("euclidean", "cosine", "whitened", "within")


def found(rows, *, within: bool = False, who=None, seed: int = 0):
    tallies = retrieve(planted.seen(rows, within=within, who=who), planted.spaces(rows), seed)
    return {name: tally.mean for name, tally in tallies.items()}


def of(figures: dict[str, float], figure: str) -> list[float]:
    return [
        value for name, value in figures.items() if name.startswith(f"{figure}/") and "chance" not in name
    ]


@pytest.mark.parametrize("within", [False, True])
def test_payloads_that_say_who_it_is_are_found_every_time(within):
    figures = found(planted.one_hot(planted.identities()), within=within)
    assert of(figures, "rank1") == [1.0] * 8
    assert of(figures, "nn1") == [1.0] * 4


@pytest.mark.parametrize("within", [False, True])
def test_payloads_that_say_nothing_are_found_as_often_as_by_chance(within):
    figures = found(np.full((planted.EACH * planted.PEOPLE, 8), 0.3), within=within)
    people = planted.PEOPLE // (2 if within else 1)
    assert figures["rank1/chance"] == pytest.approx(1 / people)
    assert of(figures, "rank1") == pytest.approx([1 / people] * 8)
    assert of(figures, "nn1") == pytest.approx([1 / people] * 4)
    assert of(figures, "rank5") == pytest.approx([min(5, people) / people] * 8)


def test_payloads_that_say_the_label_alone_are_found_by_chance_within_it_and_better_over_all():
    rows = planted.one_hot(planted.labels(planted.identities()), 2)
    assert of(found(rows, within=True), "rank1") == pytest.approx([1 / 3] * 8)
    assert of(found(rows), "rank1") == pytest.approx([1 / 3] * 8)
    assert found(rows)["rank1/chance"] == pytest.approx(1 / 6)


def test_chance_stays_exact_where_identities_have_unlike_many_pictures():
    who = np.repeat(np.arange(4), [4, 40, 9, 17]).astype(np.int64)
    figures = found(np.zeros((len(who), 3)), who=who)
    assert of(figures, "rank1") == pytest.approx([0.25] * 8)
    assert of(figures, "rank1")[0] == pytest.approx(figures["rank1/chance"])


def test_the_gallery_has_as_many_pictures_of_each_and_no_probe():
    who = np.repeat(np.arange(3), [5, 12, 30]).astype(np.int64)
    drawn = draw(who, 10, np.random.default_rng(0))
    assert np.bincount(who[drawn.gallery]).tolist() == [2, 2, 2]
    assert sorted([*drawn.gallery, *drawn.probes]) == list(range(len(who)))


def test_another_seed_is_another_draw_and_the_same_seed_the_same():
    rows = np.random.default_rng(1).normal(0, 1, (planted.EACH * planted.PEOPLE, 4))
    assert found(rows, seed=1) == found(rows, seed=1)
    assert found(rows, seed=1) != found(rows, seed=2)


def test_a_fixed_direction_of_little_variance_is_found_by_the_whitened_distance():
    random = np.random.default_rng(3)
    who = planted.identities()
    loud, quiet = (
        random.normal(0, 30, (len(who), 1)),
        who[:, None] / 4 + random.normal(0, 0.02, (len(who), 1)),
    )
    rows = np.concatenate([loud, quiet], axis=1)
    auxiliary = np.concatenate([random.normal(0, 30, (300, 1)), random.normal(0, 1, (300, 1))], axis=1)
    tallies = retrieve(planted.seen(rows), spaces_of(auxiliary, np.full(300, UNKNOWN)), 0)
    assert tallies["rank1/whitened/picture"].mean > tallies["rank1/euclidean/picture"].mean + 0.3
    assert not any("within" in name for name in tallies)  # this attacker knows no people


def test_unknown_people_take_no_part():
    who = planted.identities()
    who[who == 2] = UNKNOWN
    tallies = retrieve(planted.seen(planted.one_hot(who), who=who), planted.spaces(planted.one_hot(who)), 0)
    assert tallies["rank1/chance"].mean == pytest.approx(1 / 5)
    assert not tallies["rank1/chance"].weights[who == UNKNOWN].any()


def test_too_few_people_are_named_with_their_number_and_the_number_needed():
    who = np.array([0, 0, 0, 1, UNKNOWN])
    with pytest.raises(
        TooFewIdentities, match=r"retrieval: needs 2 .* 2 pictures each; 1 of the 2"
    ) as caught:
        retrieve(planted.seen(np.zeros((5, 2)), who=who), (), 0, RetrievalSettings())
    assert (caught.value.attack, caught.value.found, caught.value.needed) == ("retrieval", 1, 2)


def test_within_a_label_it_takes_two_people_of_one_label():
    who = np.array([0, 0, 1, 1])
    rows = np.zeros((4, 2))
    assert retrieve(planted.seen(rows, who=who), planted.spaces(rows), 0)
    with pytest.raises(TooFewIdentities, match="1 of the 2"):
        retrieve(planted.seen(rows, within=True, who=who), planted.spaces(rows), 0)
