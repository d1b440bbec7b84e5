"""The feature maps that each layer of a network takes, layer after layer, for the same pictures."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol, final

import onnx
import torch
from onnx.shape_inference import infer_shapes
from onnx.utils import Extractor
from torch import Tensor, nn

from models.manifest import EXTRACTOR, InputSpec
from models.pictures import normalise
from models.reading import read_checked
from privacy_lab.attacks.victim import Pixels
from privacy_lab.errors import NoTwin
from privacy_lab.networks.onnx_front import torch_front

_AT_ONCE: Final = 128


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """What layers take: several that take the same maps stand together.

    Attributes:
        layers: Their names in the network.
        maps: float16 [n, c, h, w].
    """

    layers: tuple[str, ...]
    maps: Tensor


class Walk(Protocol):
    """A network, walked through once for some pictures.

    Attributes:
        key: Differs for networks with other weights.
        layers: The layers that take maps, as `take` gives them.
    """

    @property
    def key(self) -> str:
        """See the class."""

    @property
    def layers(self) -> tuple[tuple[str, ...], ...]:
        """See the class."""

    def take(self, pictures: Pixels) -> Iterator[Taken]:
        """Give what the layers take for uint8 [n, h, w, 3], in the order in which pictures pass them."""
        ...


@final
class NetworkWalk:
    """Through a network of named layers that follow one another; the first takes the picture, not maps.

    It ends with the first fully connected layer: what that gives are no maps.
    """

    def __init__(
        self, network: nn.Sequential, size: InputSpec, channels: int, *, wanted: tuple[str, ...] = ()
    ) -> None:
        """Walk through `network`, which takes the first `channels` of the normalised picture's.

        Of `wanted` layers alone it is given what they take; where none is named, of all.
        """
        self._network, self._size, self._channels = network.eval(), size, channels
        self._wanted = frozenset(wanted)

    @property
    def key(self) -> str:
        """See `Walk`."""
        whole = hashlib.sha256()
        for tensor in self._network.state_dict().values():
            whole.update(tensor.cpu().numpy().tobytes())
        return whole.hexdigest()[:16]

    @property
    def layers(self) -> tuple[tuple[str, ...], ...]:
        """See `Walk`."""
        behind = list(self._network.named_children())[1:]
        last = next(number for number, (_, layer) in enumerate(behind) if _flattens(layer))
        names = [name for name, _ in behind[: last + 1]]
        return tuple((name,) for name in names if not self._wanted or name in self._wanted)

    @torch.no_grad()
    def take(self, pictures: Pixels) -> Iterator[Taken]:
        """See `Walk`."""
        x = torch.from_numpy(normalise(pictures, self._size))[:, : self._channels]
        passed = [part.half() for part in torch.split(x, _AT_ONCE)]
        layers = {name for (name,) in self.layers}
        for name, layer in self._network.named_children():
            if name in layers:
                yield Taken((name,), torch.cat(passed))
            if _flattens(layer):
                return
            passed = [layer(part.float()).half() for part in passed]


@final
class BundleWalk:
    """Through a bundle's extractor: what each convolution but the first takes, by the nodes' names."""

    def __init__(self, model: bytes, size: InputSpec) -> None:
        """Walk through an exported extractor.

        Raises:
            NoTwin: it has no differentiable form, or no second convolution.
        """
        whole: Any = onnx.load_from_string(model)
        self._extract, self._size = Extractor(infer_shapes(whole)), size
        self._input = whole.graph.input[0].name
        self._key = hashlib.sha256(model).hexdigest()[:16]
        self._takers: dict[str, list[str]] = {}
        for node in whole.graph.node:
            if node.op_type == "Conv" and node.input[0] != self._input:
                self._takers.setdefault(node.input[0], []).append(node.name or node.output[0])
        if not self._takers:
            raise NoTwin("the extractor has no convolution behind its first: there is nothing to spread")

    @property
    def key(self) -> str:
        """See `Walk`."""
        return self._key

    @property
    def layers(self) -> tuple[tuple[str, ...], ...]:
        """See `Walk`."""
        return tuple(tuple(names) for names in self._takers.values())

    @torch.no_grad()
    def take(self, pictures: Pixels) -> Iterator[Taken]:
        """See `Walk`."""
        x = torch.from_numpy(normalise(pictures, self._size))
        for value, names in self._takers.items():
            part: Any = self._extract.extract_model([self._input], [value])
            front = torch_front(part.SerializeToString())
            yield Taken(tuple(names), torch.cat([front(some).half() for some in torch.split(x, _AT_ONCE)]))


def walk_of_bundle(path: Path) -> BundleWalk:
    """Walk through the extractor of the bundle at `path`.

    Raises:
        BundleError: it is not there, not safe, not sound.
        NoTwin: it has no extractor, or none that can be attacked here.
    """
    manifest, files = read_checked(path, frozenset({EXTRACTOR}))
    if EXTRACTOR not in files:
        raise NoTwin(f"{path}: has no {EXTRACTOR}: there is nothing to spread over helpers")
    return BundleWalk(files[EXTRACTOR], manifest.input)


def _flattens(layer: nn.Module) -> bool:
    return any(isinstance(part, nn.Flatten) for part in layer.modules())
