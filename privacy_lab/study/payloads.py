"""How many different payloads regions become, and how many bits their choice is."""

import msgspec
import numpy as np

from models.quantise import Floats


class Payloads(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `regions` held-out regions became: `distinct` payloads, of which the choice is `bits` of entropy.

    The entropy bounds what any attacker can learn of a region from its payload, the answer included.
    """

    regions: int
    distinct: int
    bits: float


def payloads_of(numbers: Floats) -> Payloads:
    """Count the payloads, float32 [n, *shape]."""
    counts = np.unique(numbers.reshape(len(numbers), -1), axis=0, return_counts=True)[1]
    p = counts / counts.sum()
    return Payloads(len(numbers), len(counts), round(float(-(p * np.log2(p)).sum()), 3))
