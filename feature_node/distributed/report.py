"""Says of a placement who holds how much, and the privacy that it meets."""

from broker.status import HelperShare, LayerShare, PlacementStatus
from feature_node.distributed.exchange import Exchange
from feature_node.distributed.planning import Placement, Planner
from feature_node.distributed.roster import Roster


def report(placement: Placement, planner: Planner, exchange: Exchange, roster: Roster) -> PlacementStatus:
    """Gather a placement, what was seen so far, and what was exchanged."""
    working = {capacity.helper for capacity in roster.working}
    return PlacementStatus(
        max_ssim=planner.caps.max_ssim,
        colluding=planner.caps.colluding,
        solver=placement.plan.solver,
        expected_ms=round(1000 * placement.plan.latency_seconds, 3),
        messages_ms=round(1000 * placement.message_seconds, 3),
        kept=planner.kept,
        helpers={
            name: HelperShare(
                working=name in working,
                maps=sum(len(shares.get(name, ())) for shares in placement.shares),
                seen=sum(len(planner.seen(place).get(name, ())) for place in range(len(placement.shares))),
                sent_bytes=exchange.sent[name],
                received_bytes=exchange.received[name],
                milliseconds=round(1000 * exchange.seconds.get(name, 0.0), 3),
                ssim=_rebuilds(planner, name, len(placement.shares)),
            )
            for name in sorted(roster.present)
        },
        layers=tuple(_layer(placement, planner, place) for place in range(len(placement.shares))),
    )


def _rebuilds(planner: Planner, helper: str, layers: int) -> float | None:
    """Give what a helper could rebuild from the layer that tells it most; None where the table has none."""
    known = [planner.ssim(place, len(planner.seen(place).get(helper, ()))) for place in range(layers)]
    measured = [ssim for ssim in known if ssim is not None]
    return max(measured) if len(measured) == len(known) else None


def _layer(placement: Placement, planner: Planner, place: int) -> LayerShare:
    layer = planner.network.layers[place + 1]
    most = max(map(len, planner.seen(place).values()), default=0)
    return LayerShare(
        layer=layer.name,
        maps=layer.maps_in,
        holders=len(placement.shares[place]),
        most_seen=most,
        cap=planner.share(place),
        ssim=planner.ssim(place, most),
    )
