import pytest

from feature_node.release.mechanism import Cost
from penumbra.costs import cost_text


@pytest.mark.parametrize(
    ("cost", "text"),
    [
        (Cost(), "no guarantee"),
        (
            Cost(epsilon_per_coordinate=200.0, epsilon_joint=3_276_800.0),
            "epsilon_joint 3,276,800, epsilon_per_coordinate 200",
        ),
        (
            Cost(epsilon_per_coordinate=0.5, epsilon_joint=0.5, delta=1e-5),
            "epsilon_joint 0.5 at delta 1e-05, epsilon_per_coordinate 0.5",
        ),
    ],
)
def test_an_epsilon_is_told_by_its_full_name(cost: Cost, text: str) -> None:
    assert cost_text(cost) == text
