import msgspec
import numpy as np
import pytest

from feature_node.errors import BadPlan
from feature_node.placement.costs import Usage, layer_seconds, usage
from feature_node.placement.place import place
from tests.unit.feature_node.placement.made import SMALL, caps, device, fleet

FLEET = fleet(
    device("quick", e=2e6, rate=1e6),
    device("slow", e=1e6, rate=0.5e6),
    source=device("camera", e=1e6, rate=2e6),
)
# Who holds what: conv2's six maps are halved, the eight maps behind it too, fc1 is whole at `quick`.
MESH = (
    (-1, -1, -1),
    (0, 0, 0, 1, 1, 1),
    (0, 0, 0, 1, 1, 1),
    (0, 0, 0, 0, 1, 1, 1, 1),
    (0, 0, 0, 0, 1, 1, 1, 1),
    (0,) * 8,
    (-1,),
)
MAP = 4 * 64
CONV2 = 9 * 8 * 64


def test_a_mesh_takes_the_slowest_pair_of_each_layer() -> None:
    seconds = layer_seconds(SMALL, FLEET, MESH, "mesh")
    assert seconds[0] == pytest.approx(3 * 9 * 6 * 64 / 1e6)  # conv1 at the camera
    assert seconds[1] == pytest.approx(3 * MAP / 2e6)  # partial outputs of the camera: three maps each
    assert seconds[2] == pytest.approx(3 * CONV2 / 1e6)  # `slow` computes longest, nothing moves
    assert seconds[3] == pytest.approx(4 * MAP / 0.5e6)  # `slow` sends its partials of four maps to `quick`
    assert seconds[4] == 0  # each pools what it holds
    assert seconds[5] == pytest.approx(4 * 64 / 0.5e6 + 128 * 16 / 2e6)  # pooled maps gather, then fc1
    assert seconds[6] == pytest.approx(16 * 4 / 1e6 + 16 * 4 / 1e6)


def test_a_mesh_charges_each_sender_for_all_that_it_sends() -> None:
    used = usage(SMALL, MESH, "mesh", 3)
    assert used.sent.tolist() == [6 * MAP, 4 * MAP + 16 * 4, 4 * MAP + 4 * 64]
    assert used.memory.tolist() == [3 * 36 * 6 + 16 * 4 * 4, 3 * 36 * 8 + 128 * 16 * 4, 3 * 36 * 8]
    assert used.multiplications[2] == 3 * CONV2


def test_a_star_hands_out_and_takes_back_over_the_sources_link() -> None:
    star = ((-1, -1, -1), (-1,) * 6, (0, 0, 0, 0, 1, 1), (-1,) * 8, (-1,) * 8, (0,) * 8, (-1,))
    seconds = layer_seconds(SMALL, FLEET, star, "star")
    answer = 8 * MAP
    quick, slow = 4 * CONV2 / 2e6 + answer / 1e6, 2 * CONV2 / 1e6 + answer / 0.5e6
    assert seconds[2] == pytest.approx(6 * MAP / 2e6 + max(quick, slow) + answer / 2e6)
    assert seconds[1] == 0
    used = usage(SMALL, star, "star", 3)
    assert used.sent.tolist() == [6 * MAP + 8 * 64, answer + 16 * 4, answer]


def test_messages_cost_a_star_time_and_a_mesh_is_as_published() -> None:
    star = ((-1, -1, -1), (-1,) * 6, (0, 0, 0, 0, 1, 1), (-1,) * 8, (-1,) * 8, (0,) * 8, (-1,))
    camera, quick, slow = FLEET.devices
    priced = fleet(
        *(msgspec.structs.replace(one, message_seconds=0.01) for one in (quick, slow)),
        source=msgspec.structs.replace(camera, message_seconds=0.003),
    )
    more = layer_seconds(SMALL, priced, star, "star") - layer_seconds(SMALL, FLEET, star, "star")
    # Two out and one of two back at the source, while the slower answers; fc1 has one helper.
    assert more.tolist() == pytest.approx([0, 0, 3 * 0.003 + 0.01, 0, 0, 0.003 + 0.01, 0])
    with pytest.raises(BadPlan, match="in a star alone"):
        place(SMALL, priced, caps(conv2=4), topology="mesh")


def test_where_messages_are_dear_fewer_helpers_are_asked() -> None:
    def holders(message: float) -> int:
        source = msgspec.structs.replace(device("camera", rate=1e9), message_seconds=message)
        site = fleet(*(device(f"h{n}", rate=1e9) for n in range(6)), source=source)
        return len(set(place(SMALL, site, caps(), topology="star").holders[2]))

    assert holders(1.0) == 1 < holders(0.0)


def test_what_is_left_shrinks_by_what_is_used() -> None:
    whole = Usage.capacities(FLEET)
    used = usage(SMALL, MESH, "mesh", 3)
    assert np.array_equal(whole.less(used).sent + used.sent, whole.sent)
