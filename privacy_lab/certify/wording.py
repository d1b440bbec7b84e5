"""A certificate in sentences: what the figures mean, said no better than they are."""

from typing import Final

from privacy_lab.certify.facts import PageFacts

GUESSING: Final = 0.02
"""SSIM over the floor up to which nobody sees a difference between the reconstruction and a guess."""
_RECOGNISABLE: Final = 0.3
"""SSIM from which a reconstruction is recognisable (He et al., ACSAC 2019)."""
_LITTLE_MORE: Final = 1.5
_MANY_TIMES: Final = 3.0


def headline(facts: PageFacts) -> str:
    """Say in one line what leaves, and the worst that was made of it."""
    leaves = f"{facts.certificate.payload_bytes:,} bytes leave for each {facts.region}."
    over = facts.certificate.ssim_over_floor
    if over is None:
        return f"{leaves} Nobody has measured what can be made of them."
    if over <= GUESSING:
        return f"{leaves} No attack rebuilt more than an average {facts.region}."
    if _is_recognisable(facts):
        return f"{leaves} An attacker can rebuild a recognisable {facts.region}."
    return f"{leaves} An attacker can rebuild a little of the {facts.region}."


def lead(facts: PageFacts) -> str:
    """Say what the bytes answer, and who tried what."""
    answers = " or ".join(facts.labels) if len(facts.labels) <= 4 else f"one of {len(facts.labels)}"
    tried = len(facts.certificate.attacks)
    attacks = f"{tried} attacks" if tried != 1 else "one attack"
    return (
        f"They answer one question: {answers} ({facts.task}). The picture itself stays in the house. This "
        f"page tells what {attacks} got out of those bytes, by attackers who know the network that makes "
        "them and have pictures of others to learn from."
    )


def said(facts: PageFacts) -> dict[str, str]:
    """Give the sentence below each of the large figures."""
    return {"accuracy": _accuracy(facts), "ssim": _ssim(facts), "identity": _identity(facts)}


def _accuracy(facts: PageFacts) -> str:
    whole = facts.certificate.accuracy_whole
    beside = f" The uncut network: {100 * whole:.1f} %." if whole is not None else ""
    return f"answered rightly, of pictures never seen before.{beside}"


def _ssim(facts: PageFacts) -> str:
    over = facts.certificate.ssim_over_floor
    if over is None:
        return "how similar the best reconstruction is."
    guess = f"more similar (SSIM) than simply showing the average {facts.region}"
    if over <= GUESSING:
        return f"{guess}: no better than guessing. A perfect copy reaches 1."
    if _is_recognisable(facts):
        return f"{guess}. The original can be recognised; a perfect copy reaches 1."
    return f"{guess}. A perfect copy reaches 1."


def _identity(facts: PageFacts) -> str:
    rank1, chance = facts.certificate.identity_rank1, facts.certificate.identity_rank1_chance
    if rank1 is None or not chance:
        return "of people are found first."
    times = rank1 / chance
    beside = f"guessing finds {100 * chance:.1f} %"
    if times <= 1:
        return f"of people are found first, no more than by guessing ({100 * chance:.1f} %)."
    if times <= _LITTLE_MORE:
        return f"of people are found first; {beside}, so hardly anything tells who it is."
    if times <= _MANY_TIMES:
        return f"of people are found first; {beside}, so something of who it is remains."
    return f"of people are found first; {beside}. The numbers tell who it is."


def _is_recognisable(facts: PageFacts) -> bool:
    ssim, over = facts.certificate.ssim, facts.certificate.ssim_over_floor
    return ssim is not None and over is not None and over > GUESSING and ssim > _RECOGNISABLE
