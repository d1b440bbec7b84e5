"""How much noise a guarantee needs, and which guarantee an amount of noise gives: arithmetic alone.

Sources: Dwork and Roth, The Algorithmic Foundations of Differential Privacy (2014), theorem 3.6 (Laplace) and
section 3.2 (randomised response); Balle and Wang, Improving the Gaussian Mechanism (ICML 2018), theorem 8;
Ryu et al. (2022), algorithm 1.
"""

import math
from typing import Final

from feature_node.errors import BadNoise
from feature_node.release.mechanism import Cost
from models.manifest import NoiseSpec

_ASYMPTOTIC: Final = 25.0
"""From here on exp(x²) nears overflow, and the series of erfcx is exact to the last bit."""


def positive(name: str, value: float) -> float:
    """Give the value back.

    Raises:
        BadNoise: It is no finite number above zero.
    """
    if not (math.isfinite(value) and value > 0):
        raise BadNoise(f"{name} {value!r} is not a finite number above zero")
    return value


def laplace_scale(sensitivity: float, epsilon: float) -> float:
    """Give b of Lap(b) that is epsilon-private for values that differ by `sensitivity` in L1."""
    return positive("sensitivity", sensitivity) / positive("epsilon", epsilon)


def gaussian_sigma(sensitivity: float, epsilon_joint: float, delta: float) -> float:
    """Give the least σ of N(0, σ²I) that is (epsilon_joint, delta)-private at this L2 sensitivity.

    The analytic calibration: valid for every epsilon, and smaller than the classical √(2 ln(1.25/δ))·Δ/ε.

    Raises:
        BadNoise: An amount is not above zero, or delta not under 1.
    """
    positive("sensitivity", sensitivity)
    positive("epsilon_joint", epsilon_joint)
    if positive("delta", delta) >= 1:
        raise BadNoise(f"delta {delta!r} is not under 1: nothing would be promised")
    low = high = 1.0  # σ as a multiple of the sensitivity
    while gaussian_delta(high, epsilon_joint) > delta:
        high *= 2
    while gaussian_delta(low, epsilon_joint) <= delta:
        low /= 2
    while high / low > 1 + 1e-12:
        middle = math.sqrt(low * high)
        low, high = (middle, high) if gaussian_delta(middle, epsilon_joint) > delta else (low, middle)
    # What is rounded on the way must not be missing from the noise.
    return high * (1 + 1e-9) * sensitivity


def gaussian_delta(sigma: float, epsilon: float) -> float:
    """Give δ(ε) of N(0, σ²I) at L2 sensitivity 1: Φ(a) - e^ε·Φ(-b), a, b = 1/2σ ∓ εσ (theorem 8)."""
    a, b = 0.5 / sigma - epsilon * sigma, 0.5 / sigma + epsilon * sigma
    # b² - a² = 2ε, so that e^ε·Φ(-b) = exp(-a²/2)·erfcx(b/√2)/2, which neither overflows nor cancels.
    scaled = 0.5 * math.exp(-a * a / 2)
    if a >= 0:
        return 0.5 * math.erfc(-a / math.sqrt(2)) - scaled * _erfcx(b / math.sqrt(2))
    return scaled * (_erfcx(-a / math.sqrt(2)) - _erfcx(b / math.sqrt(2)))


def _erfcx(x: float) -> float:
    """Give exp(x²)·erfc(x) for x >= 0."""
    if x < _ASYMPTOTIC:
        return math.exp(x * x) * math.erfc(x)
    y = 0.5 / (x * x)
    return (1 - y * (1 - 3 * y * (1 - 5 * y))) / (x * math.sqrt(math.pi))


def joint_of(epsilon_per_coordinate: float, numbers: int) -> float:
    """Give what `numbers` coordinates cost together, each noised by itself: by basic composition d·ε."""
    return numbers * epsilon_per_coordinate


def lie(epsilon_joint: float, words: int) -> float:
    """Give the probability with which randomised response over so many words says another than the true one.

    (K - 1) / (e^ε + K - 1), from the other side so that e^ε does not overflow.
    """
    others = (words - 1) * math.exp(-positive("epsilon_joint", epsilon_joint))
    return others / (1 + others)


def cost_of(noise: NoiseSpec, numbers: int) -> Cost:
    """Say what one region of so many numbers costs under this noise.

    A joint guarantee holds for each number too: what one of them gives away, all of them do.
    """
    if noise.epsilon_per_coordinate is not None:
        one = noise.epsilon_per_coordinate
        return Cost(epsilon_per_coordinate=one, epsilon_joint=joint_of(one, numbers))
    joint = noise.epsilon_joint
    return Cost(epsilon_per_coordinate=joint, epsilon_joint=joint, delta=noise.delta)
