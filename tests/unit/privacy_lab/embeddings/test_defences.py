"""Each defence costs where the code leaks and nothing where it does not, and can be taken up again."""

import math
from collections.abc import Callable

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from privacy_lab.checkpoints import same  # noqa: E402
from privacy_lab.data.dataset import Regions  # noqa: E402
from privacy_lab.embeddings.adversaries import AdversarialDecoder, IdentityAdversary  # noqa: E402
from privacy_lab.embeddings.code import output_of, store  # noqa: E402
from privacy_lab.embeddings.defences import Defence, Seen, Weighted  # noqa: E402
from privacy_lab.embeddings.distance import DistanceCorrelation, distance_correlation  # noqa: E402
from privacy_lab.embeddings.entropy import EntropyBottleneck  # noqa: E402
from privacy_lab.embeddings.protection import defence_of, guess_of  # noqa: E402
from privacy_lab.recipe import CodeSpec, DefenceWeights  # noqa: E402

CPU = torch.device("cpu")
OUTPUT = output_of(CodeSpec(numbers=2, levels=1, clip=1.0))
N = 64


def seen(numbers: torch.Tensor | None = None, *, leak: bool = False) -> Seen:
    """A batch whose pictures follow the identity; with `leak`, so does the code; else it is the label."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(N) % 2
    identities = torch.arange(N) % 8
    shades = torch.rand(8, 3, 16, 16, generator=generator)
    if numbers is None:
        of_label = (labels * 2.0 - 1.0)[:, None].expand(N, 2)
        of_person = torch.stack([identities % 2 - 0.5, identities // 2 / 1.5 - 1.0], dim=1)
        numbers = of_person if leak else of_label
    return Seen(shades[identities], numbers, store(numbers, OUTPUT), labels, identities)


def test_a_code_that_is_the_label_has_the_labels_entropy_and_nothing_beyond() -> None:
    whole, excess = EntropyBottleneck(1, OUTPUT, CPU), EntropyBottleneck(2, OUTPUT, CPU)
    for _ in range(600):
        whole.learn(seen())
        excess.learn(seen())
    # Two numbers that are both the label: one bit each, none given the label.
    assert float(whole.cost(seen())) == pytest.approx(2.0, abs=0.2)
    assert float(excess.cost(seen())) == pytest.approx(0.0, abs=0.2)


def test_the_entropys_gradient_draws_towards_the_frequent_step() -> None:
    bottleneck = EntropyBottleneck(1, OUTPUT, CPU)
    for _ in range(200):
        bottleneck.learn(seen(torch.ones(N, 2)))
    numbers = torch.tensor([[0.3, -0.4]] * N, requires_grad=True)
    bottleneck.cost(seen(numbers)).backward()
    assert (numbers.grad[:, 0] < 0).all()  # descending, the number rises to the frequent step


def test_between_two_steps_the_length_is_between_theirs() -> None:
    bottleneck = EntropyBottleneck(1, OUTPUT, CPU)
    bottleneck.learn(seen())
    low, middle, high = (
        float(bottleneck.cost(seen(torch.full((N, 2), value)))) for value in (0.0, 0.25, 1.0)
    )
    assert middle == pytest.approx(low + 0.25 * (high - low), abs=1e-5)


@pytest.mark.parametrize(
    "make",
    [
        lambda: AdversarialDecoder(2, CPU),
        lambda: IdentityAdversary(2, 8, math.log(4), CPU),
    ],
    ids=["decoder", "identity"],
)
def test_an_adversary_costs_where_the_code_tells_who_it_is_alone(make: Callable[[], Defence]) -> None:
    costs = []
    for leak in (False, True):
        adversary = make()
        for _ in range(150):
            adversary.learn(seen(leak=leak).detached())
        costs.append(float(adversary.cost(seen(leak=leak))))
    assert costs[0] < 0.05
    assert costs[1] > 0.1


def test_the_front_does_not_teach_the_adversary_to_fail() -> None:
    adversary = IdentityAdversary(2, 8, math.log(4), CPU)
    before = {name: tensor.clone() for name, tensor in adversary.tensors().items()}
    batch = seen(seen(leak=True).numbers.clone().requires_grad_())
    adversary.cost(batch).backward()
    assert same(adversary.tensors(), before)
    assert all(parameter.grad is None for parameter in adversary._classifier.parameters())


def test_unknown_identities_count_for_nothing() -> None:
    batch = seen()
    nobody = Seen(batch.pictures, batch.numbers, batch.code, batch.labels, torch.full((N,), -1))
    adversary = IdentityAdversary(2, 8, math.log(4), CPU)
    adversary.learn(nobody)
    assert float(adversary.cost(nobody)) == 0.0


def test_distance_correlation_of_known_cases() -> None:
    x = torch.randn(200, 3, generator=torch.Generator().manual_seed(1))
    other = torch.randn(200, 2, generator=torch.Generator().manual_seed(2))
    assert float(distance_correlation(x, 2 * x + 1)) == pytest.approx(1.0, abs=1e-4)
    assert float(distance_correlation(x, other)) < 0.25
    assert float(distance_correlation(x, torch.ones(200, 2))) == pytest.approx(0.0, abs=1e-5)


def test_a_weighted_sum_is_one() -> None:
    distance = DistanceCorrelation()
    once, thrice = Weighted({"a": (1.0, distance)}), Weighted({"a": (1.0, distance), "b": (2.0, distance)})
    assert float(thrice.cost(seen(leak=True))) == pytest.approx(3 * float(once.cost(seen(leak=True))))
    assert float(Weighted({}).cost(seen())) == 0.0


def test_what_was_learnt_can_be_taken_up() -> None:
    weights = DefenceWeights(rate=1.0, excess=1.0, decoder=1.0, identity=1.0, distance=1.0)
    batch = seen(leak=True)
    regions = Regions(np.zeros((N, 2, 2, 3), np.uint8), batch.labels.numpy(), batch.identities.numpy())

    def fresh() -> Defence:
        torch.manual_seed(0)
        return defence_of(weights, regions, 2, OUTPUT, CPU)

    whole, first, second = fresh(), fresh(), fresh()
    for _ in range(4):
        whole.learn(batch)
    for _ in range(2):
        first.learn(batch)
    second.restore({name: tensor.clone() for name, tensor in first.tensors().items()})
    for _ in range(2):
        second.learn(batch)
    assert same(second.tensors(), whole.tensors())
    assert float(second.cost(batch)) == float(whole.cost(batch))


def test_a_guess_that_knows_the_label_is_as_unsure_as_there_are_people_with_it() -> None:
    batch = seen()
    regions = Regions(np.zeros((N, 2, 2, 3), np.uint8), batch.labels.numpy(), batch.identities.numpy())
    assert guess_of(regions) == pytest.approx(math.log(4))
