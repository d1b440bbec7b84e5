"""How alike two pictures are: structural similarity (Wang et al. 2004), as the lab's scores have it.

The edge's installation has no scikit-image, whose `structural_similarity` this agrees with; see the tests.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.pictures import Picture

WINDOW: Final = 7
_C1: Final = 0.01**2
_C2: Final = 0.03**2
# Covariances of a sample: the mean over N pixels, times N over N - 1.
_SAMPLE: Final = WINDOW**2 / (WINDOW**2 - 1)


def similarity(first: Picture, second: Picture) -> float | None:
    """Give SSIM of two RGB pictures, uint8 [h, w, 3]: 7 × 7 window, mean over the colours, -1 to 1.

    None where they have not the same size, or a side is shorter than the window.
    """
    if first.shape != second.shape or min(first.shape[:2]) < WINDOW:
        return None
    x, y = first.astype(np.float64) / 255, second.astype(np.float64) / 255
    mean_x, mean_y = _blur(x), _blur(y)
    var_x = _SAMPLE * (_blur(x * x) - mean_x * mean_x)
    var_y = _SAMPLE * (_blur(y * y) - mean_y * mean_y)
    both = _SAMPLE * (_blur(x * y) - mean_x * mean_y)
    above = (2 * mean_x * mean_y + _C1) * (2 * both + _C2)
    below = (mean_x**2 + mean_y**2 + _C1) * (var_x + var_y + _C2)
    # Windows that pass the edge would count what is not there.
    rim = WINDOW // 2
    return float((above / below)[rim:-rim, rim:-rim].mean())


def _blur(values: NDArray[np.float64]) -> NDArray[np.float64]:
    import cv2  # noqa: PLC0415 - loaded by a thread, while frames go on

    blur: Any = cv2.blur
    return np.asarray(blur(values, (WINDOW, WINDOW)), np.float64)
