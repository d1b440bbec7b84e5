"""Siamese fine-tuning has the published loss, draws similar regions together, and can be taken up again."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from privacy_lab.checkpoints import same  # noqa: E402
from privacy_lab.embeddings.answers import compute  # noqa: E402
from privacy_lab.embeddings.siamese import Siamese, contrastive_loss, distance, mine  # noqa: E402
from privacy_lab.embeddings.similarity import SameValue, same_label  # noqa: E402
from privacy_lab.networks.cut import split  # noqa: E402
from privacy_lab.recipe import SiameseSpec  # noqa: E402
from privacy_lab.training import run  # noqa: E402
from tests.unit.privacy_lab import made  # noqa: E402
from tests.unit.privacy_lab.embeddings import trained  # noqa: E402


def test_the_loss_is_the_published_one() -> None:
    # Two similar pairs 3 and 4 apart; a dissimilar one 6 apart lacks 4 of the margin, one 12 apart nothing.
    d, y = torch.tensor([3.0, 4.0, 6.0, 12.0]), torch.tensor([1.0, 1.0, 0.0, 0.0])
    assert float(contrastive_loss(d, y, margin=10.0)) == pytest.approx((9 + 16 + 16 + 0) / (2 * 4))


def test_the_defaults_are_the_published_ones() -> None:
    spec = SiameseSpec(iterations=1)
    assert (spec.pairs, spec.rate, spec.momentum, spec.head) == (10, 1e-4, 0.9, 10.0)
    assert (spec.margin, spec.weight) == (10.0, 0.001)


def test_the_distance_is_over_the_flattened_activation_and_has_a_gradient_at_zero() -> None:
    a, b = torch.zeros(2, 3, 2, 2, requires_grad=True), torch.zeros(2, 3, 2, 2)
    b[1] = 2.0
    d = distance(a, b)
    assert d.tolist() == pytest.approx([0.0, (12 * 4) ** 0.5], abs=1e-5)
    d.sum().backward()
    assert torch.isfinite(a.grad).all()


def test_pairs_are_half_similar_half_not_and_never_an_item_with_itself() -> None:
    labels = np.array([0, 1] * 10)
    y = labels[:, None] == labels[None, :]
    random = np.random.default_rng(0)
    drawn = [mine(y, 10, random) for _ in range(20)]
    for a, b in drawn:
        assert (a != b).all()
        assert y[a, b].tolist() == [True, False] * 5
    assert len({tuple(b) for _, b in drawn}) == 20


def test_where_all_are_similar_every_pair_is() -> None:
    a, b = mine(np.ones((6, 6), bool), 6, np.random.default_rng(0))
    assert (a != b).all()


def test_any_attribute_may_say_what_is_similar() -> None:
    regions = trained.regions()
    batch = np.array([0, 1, 4])
    by_person = SameValue(regions.identities)(batch)
    assert by_person.tolist() == [[True, False, True], [False, True, False], [True, False, True]]
    assert (same_label(regions)(batch).diagonal()).all()


def learner(folder: Path, **changes: object) -> tuple[torch.nn.Sequential, Siamese]:
    plan = made.recipe()
    network, examples = trained.network(plan).eval(), trained.examples(plan, folder)
    spec = msgspec.structs.replace(SiameseSpec(iterations=30, pairs=6), **changes)
    similar = same_label(examples.regions)
    return network, Siamese(network, plan.split, examples, spec, similar=similar, seed=3)


def test_similar_regions_come_nearer_against_the_dissimilar(tmp_path: Path) -> None:
    network, siamese = learner(tmp_path, rate=0.002, weight=1.0, margin=4.0)
    regions, plan = trained.regions(), made.recipe()
    front, _ = split(network, plan.split)

    def scatter() -> float:
        x = compute(front, regions.images, plan.input).reshape(len(regions), -1)
        means = [x[regions.labels == label].mean(axis=0) for label in (0, 1)]
        within = np.mean([((x[k] - means[regions.labels[k]]) ** 2).sum() for k in range(len(x))])
        return float(within / ((means[0] - means[1]) ** 2).sum())

    before = scatter()
    siamese.learn(0)
    assert scatter() < before / 2


def test_the_iterations_are_as_many_as_the_recipe_says(tmp_path: Path) -> None:
    _, siamese = learner(tmp_path, iterations=251)
    assert siamese.epochs == 2


def test_a_run_cut_off_between_checkpoints_ends_with_the_same_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("privacy_lab.embeddings.siamese.EVERY", 10)
    _, whole = learner(tmp_path / "data")
    expected = run(whole, epochs=3, recipe="r")[1]
    file = tmp_path / "run.safetensors"
    run(learner(tmp_path / "data")[1], epochs=2, recipe="r", checkpoint=file)
    resumed = run(learner(tmp_path / "data")[1], epochs=3, recipe="r", checkpoint=file)[1]
    assert same(resumed, expected)
