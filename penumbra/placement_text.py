"""What the edge says of its helpers, in words for a person; pure text."""

from typing import Final

from broker.status import HelperShare, PlacementStatus
from penumbra.units import bytes_text, count_text

SHOWN: Final = 16
"""More helpers than this are not listed by name."""


def placement_lines(placement: PlacementStatus) -> list[str]:
    """The plan and the privacy that it meets, then what each helper holds."""
    # A helper that is there and holds nothing is no part of the spreading.
    holding = sum(helper.working and helper.maps > 0 for helper in placement.helpers.values())
    tightest = max(
        placement.layers,
        key=lambda layer: (layer.ssim or 0.0, layer.most_seen / max(layer.cap, 1)),
        default=None,
    )
    nobody = "none of them" if placement.colluding == 1 else f"no {placement.colluding} of them together"
    lines = [
        f"Spread over {holding} of {count_text(len(placement.helpers), 'helper')}, planned by "
        f"{placement.solver}: by the table {nobody} can rebuild a picture to more than SSIM "
        f"{placement.max_ssim:g}"
    ]
    if tightest is not None:
        rebuilt = "" if tightest.ssim is None else f", good for SSIM {tightest.ssim:.2f}"
        seen = f"{tightest.most_seen} of {tightest.maps} maps ever seen by one{rebuilt}"
        lines[0] += f" ({tightest.layer}: {seen})"
    if placement.kept:
        lines[0] += f"; the edge keeps the first {count_text(placement.kept, 'layer')}"
    parts = [_helper(name, helper) for name, helper in list(placement.helpers.items())[:SHOWN]]
    return [*lines, " · ".join(parts)] if parts else lines


def _helper(name: str, helper: HelperShare) -> str:
    if not helper.working:
        return f"{name} rests"
    if not helper.maps:
        return f"{name} is not needed"
    moved = bytes_text(helper.sent_bytes + helper.received_bytes)
    rebuilds = "" if helper.ssim is None else f" (SSIM {helper.ssim:.2f} at most)"
    return f"{name} {helper.maps} maps{rebuilds}, {moved}, {helper.milliseconds:.0f} ms"
