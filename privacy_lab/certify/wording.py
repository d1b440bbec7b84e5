"""A certificate in sentences: what the figures mean, said no better than they are."""

from typing import Final, Literal

from privacy_lab.battery.reconstruction import REFERENCES
from privacy_lab.certify.facts import PageFacts

GUESSING: Final = 0.02
"""SSIM over the floor up to which nobody sees a difference between the reconstruction and a guess."""
_MUCH: Final = 0.1
_NAMED: Final = 4

Told = Literal["nothing", "hardly", "something", "who"]


def headline(facts: PageFacts) -> str:
    """Say in one line what leaves, and the worst that was made of it."""
    leaves = f"{facts.certificate.payload_bytes:,} bytes leave for each {facts.region}."
    over = facts.certificate.ssim_over_floor
    if over is None:
        return f"{leaves} Nobody has measured what can be made of them."
    if over <= GUESSING:
        made = f"No attack rebuilt more than an average {facts.region}."
    elif over <= _MUCH:
        made = f"An attacker can rebuild a little of the {facts.region}."
    else:
        made = f"An attacker can rebuild much of the {facts.region}."
    return f"{leaves} {made}" + (" The bytes tell who it is." if _told(facts) == "who" else "")


def lead(facts: PageFacts) -> str:
    """Say what the bytes answer, and who tried what."""
    few = len(facts.labels) <= _NAMED
    answers = " or ".join(facts.labels) if few else f"one of {len(facts.labels)} answers"
    tried = sum(attack.name not in REFERENCES for attack in facts.certificate.attacks)
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
    return f"{guess}. A perfect copy reaches 1."


def _identity(facts: PageFacts) -> str:
    chance = facts.certificate.identity_rank1_chance
    if chance is None:
        return "of people are found first."
    beside = f"guessing finds {100 * chance:.1f} %"
    return {
        "nothing": f"of people are found first, no more than by guessing ({100 * chance:.1f} %).",
        "hardly": f"of people are found first; {beside}, so hardly anything tells who it is.",
        "something": f"of people are found first; {beside}, so something of who it is remains.",
        "who": f"of people are found first; {beside}. The bytes tell who it is.",
    }[_told(facts)]


def _told(facts: PageFacts) -> Told:
    """How much tells who it is: against guessing, and of the way from guessing to certainty."""
    rank1, chance = facts.certificate.identity_rank1, facts.certificate.identity_rank1_chance
    if rank1 is None or chance is None or rank1 <= chance:
        return "nothing"
    times, way = rank1 / max(chance, 1e-9), (rank1 - chance) / max(1 - chance, 1e-9)
    if times > 3 or way > 0.5:
        return "who"
    return "something" if times > 1.5 or way > 0.15 else "hardly"
