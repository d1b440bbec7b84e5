import numpy as np
import pytest
from scipy.special import gammaln
from scipy.stats import multivariate_normal

from privacy_lab.errors import TooFewIdentities
from privacy_lab.identity.log_rank import log_densities, log_rank
from tests.unit.privacy_lab.identity import planted


def test_the_density_is_the_mean_of_a_gaussian_about_each_training_payload():
    random = np.random.default_rng(0)
    z, z_train, owners = (
        random.normal(0, 1, (3, 2)),
        random.normal(0, 1, (7, 2)),
        np.array([0, 0, 0, 0, 1, 1, 1]),
    )
    found = log_densities(z, z_train, owners)
    for c, n_c in ((0, 4), (1, 3)):
        h = n_c ** (-1 / 6)
        kernels = [multivariate_normal(z_j, h * h * np.eye(2)).pdf(z) for z_j in z_train[owners == c]]
        # Up to the factor (2π)^(-d/2), which every identity has.
        assert found[:, c] - np.log(2 * np.pi) == pytest.approx(np.log(np.mean(kernels, axis=0)))


def test_payloads_that_say_who_it_is_put_the_true_one_first():
    tallies = log_rank(planted.seen(planted.one_hot(planted.identities())), 0)
    assert tallies["log_rank"].mean == 0
    assert tallies["nn1_error"].mean == 0


def test_payloads_that_say_nothing_leave_every_identity_as_likely():
    tallies = log_rank(planted.seen(np.full((144, 5), 0.7)), 0)
    assert tallies["log_rank"].mean == pytest.approx(gammaln(7) / 6)
    assert tallies["log_rank/ceiling"].mean == pytest.approx(gammaln(7) / 6)
    assert tallies["nn1_error"].mean == pytest.approx(5 / 6)
    assert tallies["nn1_error/chance"].mean == pytest.approx(5 / 6)


def test_one_picture_in_ten_is_tested_and_never_trained_on():
    who = planted.identities(each=40, people=3)
    tallies = log_rank(planted.seen(np.random.default_rng(0).normal(0, 1, (120, 2)), who=who), 0)
    assert [int((tallies["log_rank"].weights[who == c] > 0).sum()) for c in range(3)] == [4, 4, 4]
    assert tallies["nn1_error"].mean > 0.3


def test_identities_of_18_pictures_are_too_few():
    who = np.repeat(np.arange(3), [18, 19, 18]).astype(np.int64)
    with pytest.raises(
        TooFewIdentities, match=r"log-rank: needs 2 identities with at least 19 .* 1 of the 3"
    ):
        log_rank(planted.seen(np.zeros((55, 2)), who=who), 0)
