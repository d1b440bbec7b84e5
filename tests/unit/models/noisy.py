"""Noise that tests put into tiny bundles' manifests, one of each mechanism."""

from models.manifest import NoiseSpec

PUBLISHED = NoiseSpec(mechanism="laplace", bound=3.0, epsilon_per_coordinate=2.0, nullified=0.1)
L1 = NoiseSpec(mechanism="laplace-l1", bound=3.0, epsilon_joint=8.0)
L2 = NoiseSpec(mechanism="gaussian-l2", bound=3.0, epsilon_joint=8.0, delta=1e-5)
RESPONSE = NoiseSpec(
    mechanism="response", epsilon_joint=8.0, codebook=((100, 0, 0, 0), (-100, 0, 0, 0), (0, 0, 50, 50))
)
EACH = [
    (PUBLISHED, "clip-inf+laplace-per-coordinate+int8", 2.0, 8.0),
    (L1, "clip-l1+laplace+int8", 8.0, 8.0),
    (L2, "clip-l2+gaussian+int8", 8.0, 8.0),
    (RESPONSE, "clip+codebook-response+int8", 8.0, 8.0),
]
"""Noise, what is declared on the wire, epsilon_per_coordinate and epsilon_joint of a region of 4 numbers."""
