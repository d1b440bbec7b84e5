"""What a bundle must prove about itself before a site lets its numbers leave."""

from typing import Annotated

import msgspec

Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a site demands.

    Attributes:
        require_certificate: The bundle must bring the record of the attacks it was put to.
        max_ssim_over_floor: How much better than guessing the best reconstruction of it may be.
    """

    require_certificate: bool = False
    max_ssim_over_floor: Share | None = None


class _Certificate(msgspec.Struct):
    """The part of a certificate that a policy can ask about."""

    ssim_over_floor: float


def objection(policy: Policy, certificate: bytes | None) -> str:
    """Say in a sentence why the policy lets nothing of this bundle leave; empty where it is met."""
    limit = policy.max_ssim_over_floor
    if certificate is None:
        demanded = policy.require_certificate or limit is not None
        return "the bundle has no certificate, and this site's policy requires one" if demanded else ""
    if limit is None:
        return ""
    try:
        reached = msgspec.json.decode(certificate, type=_Certificate).ssim_over_floor
    except (msgspec.DecodeError, UnicodeDecodeError):
        return "the bundle's certificate does not say how well its pictures can be reconstructed"
    if reached <= limit:
        return ""
    return f"reconstruction reaches SSIM {reached:.2f} over the floor, at most {limit:g} is allowed"
