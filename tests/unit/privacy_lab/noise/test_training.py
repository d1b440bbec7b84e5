"""What learns under noise answers better under it; the losses are ARDEN's; an interrupted run goes on."""

import copy
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402

from models.manifest import NoiseSpec  # noqa: E402
from privacy_lab.checkpoints import same  # noqa: E402
from privacy_lab.noise.batches import Batches, Views  # noqa: E402
from privacy_lab.noise.guard import Guard  # noqa: E402
from privacy_lab.noise.ours import Bounded, Ours, OursSettings, Parted  # noqa: E402
from privacy_lab.noise.released import Noisy, laplace_output, noisy, right_of  # noqa: E402
from privacy_lab.noise.training import Arden, ArdenSettings, losses_of, unfollowed  # noqa: E402
from privacy_lab.training import run  # noqa: E402
from tests.unit.privacy_lab.attacks import planted  # noqa: E402
from tests.unit.privacy_lab.noise import made  # noqa: E402

EPSILON = 1.5
ARDEN = ArdenSettings(mix=0.2, eta=5.0, rate=3e-3, precision="float32")
OURS = OursSettings(
    epochs=4,
    rate=5e-3,
    teacher=0.5,
    smoothing=0.0,
    weight_decay=0.0,
    average=0.8,
    precision="float32",
)


@pytest.fixture(scope="module")
def examples() -> Batches:
    return made.batches(planted.regions(256, 1), 16)


@pytest.fixture(scope="module")
def unseen() -> Batches:
    return made.batches(planted.regions(300, 2))


@pytest.fixture(scope="module")
def plain(examples: Batches) -> made.Halves:
    return made.trained(examples)


def accuracy(front: nn.Module, back: nn.Module, around: Noisy | None, shown: Batches) -> float:
    return float(right_of(front, back, around, shown, seed=5)[0].mean())


def arden(plain: made.Halves, around: Noisy, examples: Batches) -> tuple[Arden, nn.Module]:
    back = copy.deepcopy(plain.back)
    learner = Arden(plain.front, back, around, examples=examples, judged=examples, settings=ARDEN, seed=3)
    return learner, back


def ours(
    plain: made.Halves, examples: Batches, epsilon: float, weight: float = 0.0, settings: OursSettings = OURS
) -> tuple[Ours, Parted, Noisy]:
    front = nn.Sequential(copy.deepcopy(plain.front), Bounded(2.0))
    noise = NoiseSpec(mechanism="laplace", bound=2.0, epsilon_per_coordinate=epsilon)
    around = noisy(noise, laplace_output(made.SHAPE, 2.0, epsilon))
    parted = Parted(front, copy.deepcopy(plain.back), around)
    guard = Guard(made.SHAPE, (16, 16), width=8, sigma=2**0.5 * 4 / epsilon, device=made.CPU)
    learner = Ours(
        parted,
        around,
        examples=examples,
        judged=examples,
        teacher=nn.Sequential(*plain),
        guard=guard if weight else None,
        settings=OursSettings(**{**_fields(settings), "guard": weight}),
        seed=3,
    )
    return learner, parted, around


def _fields(settings: OursSettings) -> dict[str, object]:
    return {name: getattr(settings, name) for name in OursSettings.__slots__}


def test_arden_answers_under_noise_what_plain_training_does_not(
    plain: made.Halves, examples: Batches, unseen: Batches
) -> None:
    around = made.around(plain.front, examples, EPSILON)
    before = copy.deepcopy(plain.front.state_dict())
    learner, back = arden(plain, around, examples)
    back.load_state_dict(made.learn(learner, 4))
    assert accuracy(*plain, None, unseen) > 0.95
    assert accuracy(*plain, around, unseen) < 0.75
    assert accuracy(plain.front, back, around, unseen) > 0.9
    assert same(before, plain.front.state_dict())  # the front is frozen, its running means too


def test_ours_learns_a_front_that_says_more_through_the_same_noise(
    plain: made.Halves, examples: Batches, unseen: Batches
) -> None:
    harder = EPSILON / 5
    around = made.around(plain.front, examples, harder)
    theirs, back = arden(plain, around, examples)
    back.load_state_dict(made.learn(theirs, 4))
    learner, parted, own = ours(plain, examples, harder)
    parted.load_state_dict(made.learn(learner, 4))
    reached = accuracy(parted.front, parted.back, own, unseen)
    assert reached > accuracy(plain.front, back, around, unseen) + 0.1
    with torch.no_grad():
        sent = parted.front(next(iter(unseen.plain(50)))[0])
    assert float(sent.abs().max()) <= 2.0


def test_the_guard_learns_what_leaks_and_only_the_front_pays(examples: Batches) -> None:
    x, labels = next(iter(examples.plain(128)))
    pictures, guard = examples.pictures(x), Guard((3, 16, 16), (16, 16), width=8, sigma=0.1, device=made.CPU)
    scale = torch.ones(1, requires_grad=True)
    assert float(guard.cost(scale * x, pictures, labels).detach()) == 0.0  # it knows nothing yet
    for _ in range(60):
        guard.learn(x, pictures)
    kept = guard.tensors()
    before = {name: tensor.clone() for name, tensor in kept.items()}
    cost = guard.cost(scale * x, pictures, labels)
    cost.backward()
    assert float(cost.detach()) > 0.5
    assert scale.grad is not None
    assert float(scale.grad) != 0.0
    assert same(before, guard.tensors())
    # Of what is sent, nothing is left but noise: a decoder that is told so explains nothing.
    deaf = torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    assert float(guard.cost(deaf, pictures, labels)) < 0.05


def test_what_a_guard_explains_changes_what_the_front_learns(plain: made.Halves, examples: Batches) -> None:
    found = []
    for weight in (1e-9, 20.0):
        torch.manual_seed(0)
        learner, parted, around = ours(plain, examples, 50.0, weight=weight)
        x, _ = next(iter(examples.plain(64)))
        with torch.no_grad():
            sent = around.sent(parted.front, x, torch.Generator().manual_seed(0))
        for _ in range(40):
            learner.guard.learn(sent, examples.pictures(x))
        found.append(made.learn(learner, 1)["front.0.conv1.0.weight"])
    assert float((found[0] - found[1]).norm()) > 0.01 * float(found[0].norm())


def test_the_three_losses_are_those_of_the_paper() -> None:
    torch.manual_seed(0)
    back = nn.Sequential(nn.Flatten(), nn.Linear(12, 3)).double()
    clean, sent = torch.randn(2, 4, 3, 2, 2, dtype=torch.float64)
    y, eta = torch.tensor([0, 2, 1, 1]), 5.0
    found = losses_of(back, clean, sent, y, eta)
    there = sent.clone().requires_grad_()
    second = functional.cross_entropy(back(there), y)
    (g,) = torch.autograd.grad(second, there)
    g = g / g.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
    assert found.clean.item() == pytest.approx(functional.cross_entropy(back(clean), y).item())
    assert found.noisy.item() == pytest.approx(second.item())
    third = functional.cross_entropy(back(sent + eta * g), y)
    assert found.adversarial.item() == pytest.approx(third.item())
    assert third.item() > second.item()
    expected = 0.3 * found.clean + 0.7 * (found.noisy + found.adversarial)
    assert found.mixed(0.3).item() == pytest.approx(expected.item())


def test_every_loss_teaches_the_remote_part() -> None:
    torch.manual_seed(0)
    back = nn.Linear(5, 3)
    clean, sent, y = torch.randn(6, 5), torch.randn(6, 5), torch.tensor([0, 1, 2, 0, 1, 2])
    found, gradients = losses_of(back, clean, sent, y, 5.0), []
    for loss in (found.clean, found.noisy, found.adversarial):
        gradients.append(torch.autograd.grad(loss, back.weight, retain_graph=True)[0])
        assert float(gradients[-1].abs().sum()) > 0
    # Cleared between two losses, a gradient would be lost: the mixture has them all.
    (mixed,) = torch.autograd.grad(found.mixed(0.3), back.weight)
    assert torch.allclose(mixed, 0.3 * gradients[0] + 0.7 * (gradients[1] + gradients[2]), atol=1e-6)


def test_running_means_follow_what_is_answered_at_run_time_alone() -> None:
    layer = nn.BatchNorm1d(2, momentum=0.5)
    with unfollowed(layer):
        layer(torch.full((4, 2), 7.0))
    assert layer.running_mean is not None
    assert layer.running_mean.tolist() == [0.0, 0.0]
    layer(torch.full((4, 2), 7.0))
    assert layer.running_mean.tolist() == [3.5, 3.5]


@pytest.mark.parametrize("method", ["arden", "ours"])
def test_an_interrupted_training_ends_as_one_that_was_not(
    tmp_path: Path, plain: made.Halves, examples: Batches, method: str
) -> None:
    def learner() -> Arden | Ours:
        torch.manual_seed(0)
        if method == "arden":
            return arden(plain, made.around(plain.front, examples, EPSILON, nullified=0.1), examples)[0]
        return ours(plain, examples, EPSILON, weight=1.0)[0]

    _, whole = run(learner(), epochs=2, recipe="a")
    file = tmp_path / "kept.safetensors"
    run(learner(), epochs=1, recipe="a", checkpoint=file)
    _, resumed = run(learner(), epochs=2, recipe="a", checkpoint=file)
    assert same(whole, resumed)


def test_views_are_the_epochs_own_and_pictures_are_not_changed_at_run_time() -> None:
    regions = planted.regions(40, 4)
    shown = made.batches(regions, 20, views=Views(flip=True, shift=3, cutout=6))
    first, again, other = (torch.cat([x for x, _ in shown.epoch(number)]).numpy() for number in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    seen = shown.pictures(torch.cat([x for x, _ in shown.plain()]))
    assert np.allclose(seen.permute(0, 2, 3, 1).numpy() * 255, regions.images, atol=0.01)
    # Without any alteration, an epoch shows the same pictures in another order.
    still = made.batches(regions, 20)
    shuffled = torch.cat([x for x, _ in still.epoch(0)])
    assert sorted(shuffled.sum(dim=(1, 2, 3)).tolist()) == pytest.approx(
        sorted(torch.cat([x for x, _ in still.plain()]).sum(dim=(1, 2, 3)).tolist()), abs=1e-2
    )
