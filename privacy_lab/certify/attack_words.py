"""What attacks and their figures are called where people read them."""

from typing import Final

from privacy_lab.attacks.reconstructions import KNOWS

ATTACKS: Final = {
    "decoder": "trained decoder",
    "rmle": "search by gradient (rMLE)",
    "refined": "decoder, then search",
    "inverse": "inverse network",
    "shadow": "shadow network",
    "structural": "decoder trained for similarity",
    "class-mean": "showing the average",
    "answer-alone": "drawing from the answer",
    "answer-alone-structural": "drawing from the answer, for similarity",
    "retrieval-within-label": "looked up among people of the same answer",
    "retrieval-all": "looked up among all people",
    "verification-within-label": "trained recogniser, people of the same answer",
    "verification-all": "trained recogniser, all people",
    "log-rank": "density of each person",
    "rank-privacy": "all records ranked",
    "rank-privacy-79": "all records ranked, 79 % of them of one answer",
}
_KNOWS: Final = {str(name): what for name, what in KNOWS.items()} | {
    "class-mean": "the answer; the floor",
    "answer-alone": "the answer, and pictures of his own",
    "answer-alone-structural": "the answer, and pictures of his own",
}
_FIGURES: Final = {
    "ssim": "SSIM",
    "psnr": "PSNR, dB",
    "mse": "MSE",
    "ssim_over_floor": "SSIM over the floor",
    "rank1": "found first",
    "rank1/chance": "guessing",
    "rank5": "among the first five",
    "nn1": "nearest picture is theirs",
    "nn1_error": "nearest picture is another's",
    "log_rank": "mean logarithm of the rank",
    "privacy": "rank privacy",
    "ceiling": "the most there can be",
    "accuracy/chance": "guessing",
}
_ANSWERED: Final = "answered rightly"
_RECOGNISED: Final = "recognised"


def attack_name(name: str) -> str:
    """Give an attack's name for people; of one that is not known here, its own."""
    return ATTACKS.get(name, name)


def attacker_knows(name: str) -> str:
    """Say what the attacker has beside the payload; empty where that is not known here."""
    return _KNOWS.get(name, "")


def figure_name(attack: str, figure: str) -> str:
    """Give a figure's name for people; empty for a variant, which counts by its strongest alone."""
    if figure == "accuracy":
        return _ANSWERED if attack.startswith("rank-privacy") else _RECOGNISED
    return _FIGURES.get(figure, "" if "/" in figure else figure.replace("_", " "))
