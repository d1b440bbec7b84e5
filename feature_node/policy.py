"""What a bundle must prove about itself, and its release cost, before a site lets its numbers leave."""

from pathlib import Path
from typing import Annotated

import msgspec

from feature_node.errors import PolicyUnmet
from feature_node.release.mechanism import Cost
from models.certificate import Certificate
from models.reading import load_certificate

Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a site demands; a limit on attacks demands the certificate that speaks of it.

    Attributes:
        require_certificate: The bundle must bring the record of the attacks it was put to.
        max_ssim_over_floor: How much more similar than the mean picture the best reconstruction may be.
        max_identity_rank1: Share of people who may be found first in a gallery.
        min_rank_privacy: Mean rank of the true record that must be kept, as a share of the gallery.
        max_epsilon_joint: Privacy loss that one message may have, all numbers of all its regions together.
    """

    require_certificate: bool = False
    max_ssim_over_floor: Share | None = None
    max_identity_rank1: Share | None = None
    min_rank_privacy: Share | None = None
    max_epsilon_joint: Annotated[float, msgspec.Meta(gt=0.0)] | None = None

    @property
    def demands(self) -> bool:
        """Whether anything is demanded that a certificate must show."""
        limits = (self.max_ssim_over_floor, self.max_identity_rank1, self.min_rank_privacy)
        return self.require_certificate or any(limit is not None for limit in limits)


def admit(policy: Policy, bundle: Path | None) -> None:
    """Let through what is to leave; `bundle` is None for shaded pictures, which no certificate speaks of.

    Raises:
        PolicyUnmet: It does not meet the policy; the text says in what, and what to do.
        BundleError: The bundle cannot be read, or its certificate is not its own.
    """
    if not policy.demands:
        return
    if bundle is None:
        raise _unmet("Shading faces (edge.extractor: shade)", objection(policy, None))
    manifest, certificate = load_certificate(bundle)
    why_not = objection(policy, certificate)
    if why_not:
        raise _unmet(f"The bundle {manifest.name}", why_not)


def admit_cost(policy: Policy, cost: Cost, what: str) -> None:
    """Let through what releases a region at this cost.

    Raises:
        PolicyUnmet: It has no joint guarantee, or a message of one region is over what the policy allows.
    """
    limit = policy.max_epsilon_joint
    if limit is None:
        return
    if cost.epsilon_joint is None:
        raise _unmet(what, f"it has no joint guarantee, and epsilon_joint of at most {limit:g} is demanded")
    if not cost.epsilon_joint <= limit:
        told = (
            f"epsilon_joint of one region is {cost.epsilon_joint:g}, at most {limit:g} a message is allowed"
        )
        raise _unmet(what, told)


def objection(policy: Policy, certificate: Certificate | None) -> str:
    """Say why the policy lets nothing of this bundle leave, every reason; empty where it is met."""
    if not policy.demands:
        return ""
    if certificate is None:
        return "there is no certificate of the attacks it was put to"
    ssim, rank1 = certificate.ssim_over_floor, certificate.identity_rank1
    reasons = (
        _over(ssim, policy.max_ssim_over_floor, "reconstruction reaches SSIM {} over the floor"),
        _over(rank1, policy.max_identity_rank1, "the share of people recognised at rank 1 is {}"),
        _under(certificate.rank_privacy, policy.min_rank_privacy, "rank privacy is {}"),
    )
    return "; ".join(reason for reason in reasons if reason)


def _over(reached: float | None, limit: float | None, what: str) -> str:
    # Asked the other way round, what cannot be compared (NaN) would pass.
    if limit is None or (reached is not None and reached <= limit):
        return ""
    return f"{what.format(_told(reached, limit))}, at most {limit:g} is allowed"


def _under(reached: float | None, limit: float | None, what: str) -> str:
    if limit is None or (reached is not None and reached >= limit):
        return ""
    return f"{what.format(_told(reached, limit))}, at least {limit:g} is demanded"


def _told(reached: float | None, limit: float) -> str:
    if reached is None:
        return "unknown (not measured)"
    # As few digits as tell the two apart.
    digits = next((n for n in range(2, 6) if f"{reached:.{n}f}" != f"{limit:.{n}f}"), 6)
    return f"{reached:.{digits}f}"


def _unmet(what: str, why_not: str) -> PolicyUnmet:
    return PolicyUnmet(
        f"{what} does not meet this site's policy: {why_not}. Nothing was sent. Choose another bundle "
        "(penumbra bundle list) or change edge.policy in pipeline.yaml."
    )
