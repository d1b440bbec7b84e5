import numpy as np
import pytest

from privacy_lab.identity.rank_privacy import add_noise, ceiling, curve, ranks, with_balance


def test_a_small_example_counted_by_hand():
    z = np.array([[0.0], [1.0], [1.0], [5.0]])
    # Observed 0.6: records 1 and 2 (0.4 away, tied) come before the true record 0 (0.6 away): rank 3.
    # Observed 1.0: records 1 and 2 tie for ranks 1 and 2. Observed 2.9: 1 and 2 (1.9), then 3 (2.1): rank 3.
    found = ranks(np.array([[0.6], [1.0], [1.0], [2.9]]), z)
    assert found.R.tolist() == [3, 1.5, 1.5, 3]
    assert found.first.tolist() == [0, 0.5, 0.5, 0]
    assert found.relative.mean() == pytest.approx((3 + 1.5 + 1.5 + 3) / 16)


def test_the_rank_by_density_is_the_rank_by_distance():
    random = np.random.default_rng(0)
    z = random.normal(0, 1, (40, 3))
    z_noisy = add_noise(z, 0.5, 1)
    density = np.exp(-((z_noisy[:, None] - z[None]) ** 2).sum(axis=2) / (2 * 0.5))
    by_density = 1 + (density > np.diag(density)[:, None]).sum(axis=1)
    assert ranks(z_noisy, z).R.tolist() == by_density.tolist()


def test_payloads_that_say_nothing_leave_every_record_as_likely():
    n = 300
    found = ranks(np.ones((n, 8)), np.ones((n, 8)))
    assert found.relative.mean() == pytest.approx(0.5 * (n + 1) / n)
    assert found.first.mean() == pytest.approx(1 / n)


def test_payloads_that_are_all_different_leave_nothing():
    z = np.arange(50.0)[:, None]
    assert ranks(z, z).relative.mean() == pytest.approx(1 / 50)
    assert ranks(z, z).first.mean() == 1


def test_payloads_that_say_the_label_alone_reach_the_ceiling():
    labels = np.repeat([0, 1], [79, 21])
    z = np.eye(2)[labels]
    assert ranks(z, z).relative.mean() == pytest.approx(ceiling(labels))


def test_the_ceiling_of_one_leaked_bit_is_the_papers():
    labels = np.repeat([0, 1], [7900, 2100])
    assert ceiling(labels) == pytest.approx((0.79**2 + 0.21**2) / 2, abs=1e-4)
    assert ceiling(np.repeat(np.arange(10), 1000)) == pytest.approx(0.05, abs=1e-4)
    assert ceiling(np.zeros(10, np.int64)) == pytest.approx(0.5 * 11 / 10)


def test_noise_hides_records_and_costs_accuracy():
    random = np.random.default_rng(0)
    labels = np.repeat([0, 1], 100)
    z = (random.normal(0, 0.3, (200, 4)) + 2 * labels[:, None]).astype(np.float32)
    points = curve(
        z, (0.0, 0.1, 1.0, 25.0), 7, labels=labels, read=lambda x: np.stack([2 - x[:, 0], x[:, 0]], 1)
    )
    assert [point.variance for point in points] == [0.0, 0.1, 1.0, 25.0]
    privacy = [point.privacy for point in points]
    assert privacy == sorted(privacy)
    assert privacy[0] == pytest.approx(1 / 200)
    assert points[0].accuracy == 1
    assert points[-1].accuracy is not None
    assert points[-1].accuracy < 0.7
    assert points[0].first > points[-1].first
    assert curve(z, (1.0,), 7)[0].accuracy is None


def test_noise_has_the_variance_asked_for():
    z = np.zeros((4000, 3))
    assert add_noise(z, 4.0, 1).var() == pytest.approx(4.0, rel=0.05)
    assert not add_noise(z, 0.0, 1).any()


def test_a_balance_is_reached_with_as_many_records_as_there_can_be():
    labels = np.repeat([0, 1], [100, 100])
    chosen = with_balance(labels, 0.79)
    assert (labels[chosen] == 0).sum() == 100
    assert (labels[chosen] == 0).mean() == pytest.approx(0.79, abs=0.005)
    assert len(np.unique(chosen)) == len(chosen)
    assert with_balance(labels, 0.79).tolist() == chosen.tolist()
    assert (labels[with_balance(labels, 0.79, first=1)] == 1).mean() == pytest.approx(0.79, abs=0.005)


@pytest.mark.parametrize("share", [0.0, 1.0, -0.2])
def test_a_balance_without_one_label_is_none(share):
    with pytest.raises(ValueError, match="share"):
        with_balance(np.array([0, 1]), share)
