"""The white-box attack as it is commonly written: one picture, float32, every term left to autograd."""

import math

import numpy as np
import torch
from torch import Tensor, nn

from models.manifest import InputSpec
from models.quantise import Floats
from privacy_lab.attacks.sight import Images

_EPSILON = 1e-3
_LAST = 0.02


def invert_one(
    front: nn.Module, code: Floats, size: InputSpec, *, smooth: float, rate: float, steps: int
) -> Images:
    """Minimise ‖front(x) − z‖² + λ TV(x) from the neutral picture by AMSGrad, its rate falling as a cosine.

    Args:
        front: Normalised [1, 3, h, w] to numbers.
        code: z, float32 [1, *shape], whose misfit is weighed by one over its unit's square already.
        size: What pictures look like.
        smooth: λ.
        rate: The first learning rate.
        steps: How many iterations.

    Returns:
        The picture, [1, h, w, 3] in [0, 1].
    """
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (size.mean, size.std))
    z = torch.from_numpy(code)
    u = torch.zeros(1, 3, size.height, size.width, requires_grad=True)
    adam = torch.optim.Adam([u], lr=rate, eps=_EPSILON, amsgrad=True)
    for step in range(steps):
        adam.param_groups[0]["lr"] = rate * (
            _LAST + (1 - _LAST) * 0.5 * (1 + math.cos(math.pi * step / steps))
        )
        adam.zero_grad()
        loss = (front(u) - z).square().sum() + smooth * _total_variation(u * std)
        loss.backward()
        adam.step()
        with torch.no_grad():
            u.clamp_(-mean / std, (1 - mean) / std)
    x = (u.detach() * std + mean).clamp(0, 1).permute(0, 2, 3, 1)
    return np.ascontiguousarray(x.numpy(), np.float32)


def _total_variation(x: Tensor) -> Tensor:
    return (x[:, :, 1:] - x[:, :, :-1]).square().sum() + (x[..., 1:] - x[..., :-1]).square().sum()
