"""The networks that are measured, trained on their labels once and kept."""

from collections.abc import Callable
from pathlib import Path
from typing import Final, final

import torch
from torch import Tensor, nn

from privacy_lab.attacks.placing import placed
from privacy_lab.checkpoints import Progress
from privacy_lab.networks.build import build
from privacy_lab.noise.batches import Batches, Views
from privacy_lab.noise.plain import Plain, PlainSettings
from privacy_lab.noise.released import right_of
from privacy_lab.placement.effort import Effort
from privacy_lab.placement.material import Pictures
from privacy_lab.placement.settings import Setting
from privacy_lab.recipe import digest_of
from privacy_lab.training import run

Tell = Callable[[str], None]
"""Told in words what is being done."""

_RATE: Final = 1e-3
_BATCH: Final = 64


def learnt(
    setting: Setting,
    pictures: Pictures,
    effort: Effort,
    *,
    folder: Path,
    seed: int,
    device: torch.device,
    tell: Tell,
) -> tuple[nn.Sequential, float]:
    """Give the network, trained, and the share of the attacked pictures that it answers rightly.

    Raises:
        BadCheckpoint: what is kept in `folder` is damaged.
    """
    torch.manual_seed(seed)
    epochs = effort.learning or setting.epochs
    takes = (setting.channels, setting.side, setting.side)
    network = placed(build(setting.spec, takes, pictures.labels), device)
    front = _Channels(setting.channels)
    judged = _batches(pictures, setting, seed, device, attacked=True)
    learner = Plain(
        front,
        network,
        examples=_batches(pictures, setting, seed, device, attacked=False),
        judged=judged,
        settings=PlainSettings(epochs, _RATE),
    )
    key = digest_of(setting.spec, takes, pictures.key, epochs, seed)

    def watch(progress: Progress) -> None:
        tell(f"{setting.spec.name} learns, {progress.epoch} of {epochs} epochs")

    tell(f"{setting.spec.name} learns")
    _, weights = run(
        learner,
        epochs=epochs,
        recipe=key,
        checkpoint=folder / f"{setting.spec.name}-{key}.safetensors",
        watch=watch,
    )
    network.load_state_dict(weights)
    network.eval()
    right, _ = right_of(front, network, None, judged)
    return network.cpu(), float(right.mean())


def _batches(
    pictures: Pictures, setting: Setting, seed: int, device: torch.device, *, attacked: bool
) -> Batches:
    regions = pictures.attacked if attacked else pictures.auxiliary
    return Batches(regions, setting.input, views=Views(), batch=_BATCH, seed=seed, device=device)


@final
class _Channels(nn.Module):
    """The first channels of a picture [n, 3, h, w]: one of a grey one says all."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self._channels = channels

    def forward(self, x: Tensor) -> Tensor:
        return x[:, : self._channels]
