from feature_node.placement.costs import usage
from feature_node.placement.ours import Ours
from feature_node.placement.place import place
from tests.unit.feature_node.placement.made import caps, device, fleet
from tests.unit.feature_node.placement.test_ours import Network, conv

WIDE = Network(name="wide", layers=(conv("a", 3, 32), conv("b", 32, 32), conv("c", 32, 32), conv("d", 32, 4)))


def sent(plan, site) -> float:
    return float(usage(WIDE, plan.holders, "mesh", len(site.devices)).sent[1:].sum())


def test_thrift_trades_seconds_for_bytes() -> None:
    site = fleet(*(device(f"h{n}", e=1e7, memory=1e9) for n in range(20)))  # short of bandwidth
    quick = place(WIDE, site, caps(WIDE))
    thrifty = place(WIDE, site, caps(WIDE), solver=Ours(thrift=4.0))
    assert sent(thrifty, site) < 0.6 * sent(quick, site)
    assert quick.latency_seconds <= thrifty.latency_seconds


def test_what_is_too_wide_for_the_bandwidth_is_placed_with_fewer_holders() -> None:
    # Thirty-two maps go to whoever holds any of a layer: only few helpers can afford to answer.
    poor = [device(f"poor{n}", period=0.001) for n in range(18)]
    rich = [device(f"rich{n}", period=1.0) for n in range(2)]
    site = fleet(*poor, *rich)
    plan = place(WIDE, site, caps(WIDE))
    assert {holder for held in plan.holders for holder in held} <= {-1, 18, 19}
