import numpy as np
import pytest

from privacy_lab.battery.fair import hashes_of, make_fair, some, strangers
from privacy_lab.data.material import Material
from privacy_lab.data.regions import join
from privacy_lab.errors import SharedPictures
from tests.unit.privacy_lab.battery import made


def test_what_is_attacked_is_taken_from_the_attacker():
    own, unseen = made.people(0, 4, 5, 1), made.people(4, 4, 5, 2)
    leaky = join([own, unseen.take(np.array([0, 7, 7]))])
    fair, dropped = make_fair(Material(leaky, unseen, None, ()))
    assert dropped == 3
    assert len(fair.auxiliary) == len(own)
    assert not set(hashes_of(fair.auxiliary)) & set(hashes_of(fair.attacked))


def test_no_picture_is_attacked_or_looked_for_twice():
    own, unseen = made.people(0, 4, 5, 1), made.people(4, 4, 5, 2)
    twice = join([unseen, unseen])
    fair, dropped = make_fair(Material(own, twice, twice, ()))
    assert (len(fair.attacked), len(fair.gallery), dropped) == (len(unseen), len(unseen), 0)


def test_an_attacker_who_knows_only_what_he_attacks_is_refused():
    unseen = made.people(4, 4, 5, 2)
    with pytest.raises(SharedPictures, match=r"0 pictures to learn from and 20 .* 20 were the same"):
        make_fair(Material(unseen, unseen, None, ()))


def test_nobody_of_the_gallery_helps_to_measure_it():
    own, unseen = made.people(0, 4, 5, 1), made.people(3, 4, 5, 2)
    kept = strangers(join([own, unseen]), unseen)
    assert sorted(set(kept.identities)) == [0, 1, 2]
    assert not len(strangers(unseen, unseen))


def test_a_part_is_the_same_each_time_and_in_order():
    assert some(100, 10).tolist() == some(100, 10).tolist() == sorted(set(some(100, 10).tolist()))
    assert some(5, 10).tolist() == [0, 1, 2, 3, 4]
