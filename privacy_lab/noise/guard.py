"""A decoder that learns beside the front: the front pays for what it explains of the pictures."""

from typing import Final, final

import torch
from torch import Tensor
from torch.nn import functional

from privacy_lab.attacks.placing import placed
from privacy_lab.checkpoints import named, part
from privacy_lab.embeddings.adversaries import around_means
from privacy_lab.noise.map_decoder import MapDecoder, MapStatistics
from privacy_lab.optimising import memory_of, recall

_RATE: Final = 3e-3


@final
class Guard:
    """Rebuilds pictures from what is sent of them, and says what share of their variance that explains."""

    def __init__(
        self, shape: tuple[int, ...], size: tuple[int, int], *, width: int, sigma: float, device: torch.device
    ) -> None:
        """Guard maps of this shape under noise of standard deviation `sigma`."""
        # The front changes as it learns: there is no clean spread to measure beforehand.
        ones = torch.ones(shape[0], 1, 1)
        statistics = MapStatistics(torch.zeros_like(ones), ones, torch.full((3, *size), 0.5))
        self._decoder = placed(MapDecoder(statistics, width), device)
        self._sigma = torch.tensor([sigma], device=device)
        self._adam = torch.optim.Adam(self._decoder.parameters(), lr=_RATE)

    def cost(self, sent: Tensor, pictures: Tensor, labels: Tensor) -> Tensor:
        """Give the share of the variance around the labels' mean pictures that is explained; 0 at least.

        The answer alone gives the mean picture away, so 0 is reachable. Only the front learns from this.
        """
        weights = {name: tensor.detach() for name, tensor in self._decoder.named_parameters()}
        given: Tensor = torch.func.functional_call(
            self._decoder, weights, (sent, self._sigma.expand(len(sent)))
        )
        error = functional.mse_loss(given, pictures)
        return functional.relu(1 - error / around_means(pictures.flatten(1), labels))

    def learn(self, sent: Tensor, pictures: Tensor) -> None:
        """Take one step towards the pictures, float32 [n, 3, h, w] in [0, 1]."""
        loss = functional.mse_loss(self._decoder(sent, self._sigma.expand(len(sent))), pictures)
        self._adam.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self._adam.step()

    def tensors(self) -> dict[str, Tensor]:
        """Give everything that further learning depends on, by name."""
        return named("decoder", self._decoder.state_dict()) | named("adam", memory_of(self._adam))

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Take up what `tensors` gave."""
        self._decoder.load_state_dict(part(tensors, "decoder"))
        recall(self._adam, part(tensors, "adam"))
