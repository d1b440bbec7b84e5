import msgspec
import pytest

from feature_node.errors import BadPlan
from feature_node.placement.place import place
from feature_node.placement.plan import decode_plan, encode_plan, violations
from feature_node.placement.problem import Problem
from tests.unit.feature_node.placement.made import CAPPED, FREE_TAIL, SMALL, alike, caps, device, fleet

LAWFUL = (
    (-1, -1, -1),
    (0, 0, 1, 1, 2, 2),
    (0, 0, 1, 1, 2, 2),
    (0, 0, 0, 0, 1, 1, 1, 1),
    (0, 0, 0, 0, 1, 1, 1, 1),
    (-1,) * 8,
    (-1,),
)


def broken(holders, fleet=None, caps=CAPPED, topology="mesh") -> list[tuple[str, str, float]]:
    problem = Problem.of(SMALL, fleet or alike(3), caps, topology)
    return [(each.constraint, each.layer or each.device, each.by) for each in violations(problem, holders)]


def with_layer(place: int, held: tuple[int, ...]):
    return (*LAWFUL[:place], held, *LAWFUL[place + 1 :])


def test_a_lawful_placement_breaks_nothing() -> None:
    assert broken(LAWFUL) == []


@pytest.mark.parametrize(
    ("holders", "said"),
    [
        (with_layer(2, (0, 0, 0, 1, 1, 2)), ("8f", "conv2", 1)),
        (with_layer(2, (0, 0, 1, 1, 2)), ("8e", "conv2", 1)),
        (with_layer(2, (0, 0, 1, 1, 2, 3)), ("8i", "conv2", 1)),
        (with_layer(2, (0, 0, 1, 1, 2, -1)), ("8h", "conv2", 1)),
        (with_layer(0, (-1, -1, 0)), ("8h", "conv1", 1)),
        (with_layer(5, (0,) * 8), ("8f", "fc1", 4)),
        (LAWFUL[:-1], ("8e", "", 1)),
    ],
)
def test_each_constraint_names_where_and_by_how_much(holders, said) -> None:
    assert said in broken(holders)


def test_a_dense_layer_stays_in_one_piece() -> None:
    assert ("8g", "fc1", 1) in broken(with_layer(5, (0, 0, 0, 0, 1, 1, 1, 1)), caps=FREE_TAIL)


def test_what_a_device_lacks_is_counted() -> None:
    poor = fleet(device("h0", memory=100), device("h1"), device("h2"))
    assert broken(LAWFUL, poor) == [("8b", "h0", 2 * 36 * 8 - 100)]


def test_colluders_are_counted_together() -> None:
    pairs = caps(colluding=2, ReLU1=3, conv2=3)
    assert ("8f", "conv2", 1) in broken(with_layer(5, (0,) * 8), caps=pairs)


def test_a_plan_is_read_back_for_the_devices_it_was_made_for() -> None:
    plan = place(SMALL, alike(3), CAPPED)
    data = encode_plan(plan)
    assert decode_plan(data, SMALL, alike(3)) == plan
    with pytest.raises(BadPlan, match="older than the devices"):
        decode_plan(data, SMALL, alike(4))
    with pytest.raises(BadPlan, match="another small"):
        decode_plan(data, msgspec.structs.replace(SMALL, name="other"), alike(3))
    with pytest.raises(BadPlan, match="not a placement"):
        decode_plan(data[:-2], SMALL, alike(3))
