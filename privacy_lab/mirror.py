"""From a bundle and pictures to its mirror: the battery's decoder, small enough to ship, as an ONNX file.

It learns from payloads as they leave, noise and all, and never from a picture that is attacked.
"""

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final, Literal, final

import msgspec
import numpy as np
import onnx
import torch
from torch import Tensor, nn

from models.certificate import Figure
from models.errors import UnsupportedBundle
from models.manifest import EXTRACTOR, MANIFEST, MIRROR, Manifest
from models.mirror import MEAN_CODE
from models.quantise import Floats
from models.reading import read_bundle
from models.sessions import Session
from models.writer import entry_of, write_bundle
from privacy_lab.attacks.decoder import StructuralSettings, train_decoder
from privacy_lab.attacks.floors import class_mean
from privacy_lab.attacks.scores import score
from privacy_lab.attacks.sight import Images, Sight, Watch, as_images
from privacy_lab.attacks.upconvolution import SMALL
from privacy_lab.attacks.victims import victim_of_bundle
from privacy_lab.battery.fair import make_fair, some
from privacy_lab.battery.plan import Plan
from privacy_lab.battery.statistics import figure_of
from privacy_lab.battery.store import Arrays, digest_of
from privacy_lab.checkpoints import Progress, load_checkpoint, save_checkpoint
from privacy_lab.data.material import Material
from privacy_lab.export import export_half

Budget = Literal["brief", "full"]

PICTURES: Final[dict[Budget, int]] = {"brief": 30_000, "full": 150_000}
"""How many pictures the decoder is shown in all, copies and repetitions counted."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How a mirror is made.

    Attributes:
        out: The bundle that is written, folder or zip; may be the one that is read.
        folder: Where an unfinished mirror is kept.
        budget: See `PICTURES`.
        images: On how many attacked pictures it is scored.
        seed: Decides every random choice.
        device: Where to learn.
        pictures: In the budget's place: so many are shown.
    """

    out: Path
    folder: Path
    budget: Budget = "brief"
    images: int = 128
    seed: int = 0
    device: torch.device = torch.device("cpu")  # noqa: RUF009 - a device does not change
    pictures: int | None = None

    @property
    def settings(self) -> StructuralSettings:
        """The battery's attacker who is scored by structural similarity, with this budget."""
        usual = StructuralSettings()
        shown = self.pictures or PICTURES[self.budget]
        return replace(usual, decoder=replace(usual.decoder, pictures=shown))


@dataclass(frozen=True, slots=True)
class Made:
    """What came of it: the mirror's size in bytes, and how it does on pictures that it never saw.

    Attributes:
        size: Of mirror.onnx, bytes.
        learnt: Regions that it learnt from.
        scored: Regions that it was scored on.
        ssim: What it reaches.
        over_floor: By how much that is more than the mean picture of the same answer.
    """

    size: int
    learnt: int
    scored: int
    ssim: Figure
    over_floor: Figure


def make_mirror(path: Path, material: Material, asked: Asked, watch: Watch) -> Made:
    """Train the mirror of the bundle at `path` and write the bundle, with it, to `asked.out`.

    Raises:
        BundleError: It cannot be read or written, has no extractor, or sends pictures.
        SharedPictures: Nothing is left to learn from, or to score on.
        BadCheckpoint: What is kept in the folder cannot be taken up.
        ExportFailed: The ONNX file draws otherwise than the network.
    """
    manifest, files = read_bundle(path)
    if EXTRACTOR not in files or manifest.output is None:
        raise UnsupportedBundle(f"{path}: has no {EXTRACTOR}, of whose numbers a mirror could be made")
    fair, _ = make_fair(material)
    auxiliary = fair.auxiliary.take(some(len(fair.auxiliary), Plan().auxiliary))
    attacked = fair.attacked.take(some(len(fair.attacked), asked.images))
    victim = victim_of_bundle(path)
    sight = Sight(victim, auxiliary, victim.release(attacked.images), asked.seed, asked.device, watch)
    mirror = _trained(sight, manifest, asked)
    drawn = _draw(mirror, manifest, sight.observed)
    own, floor = (score(as_images(attacked.images), made).ssim[None] for made in (drawn, class_mean(sight)))
    kept = {name: data for name, data in files.items() if name not in (MANIFEST, MIRROR)}
    listed = msgspec.structs.replace(manifest, files=manifest.files | {MIRROR: entry_of(mirror)})
    write_bundle(asked.out, listed, kept | {MIRROR: mirror})
    return Made(len(mirror), len(auxiliary), len(attacked), figure_of(own), figure_of(own - floor))


@final
class _Drawing(nn.Module):
    """A decoder as it ships: what it draws is a picture, in [0, 1]."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, codes: Tensor) -> Tensor:
        drawn: Tensor = self.network(codes)
        return drawn.clamp(0.0, 1.0)


@final
class _File:
    """A `Keeping` in one file."""

    def __init__(self, path: Path, key: str) -> None:
        self._path, self._key = path, key

    def load(self) -> tuple[list[float], dict[str, Tensor]] | None:
        found = load_checkpoint(self._path, self._key)
        return None if found is None else (found[0].losses, found[1])

    def save(self, losses: list[float], tensors: dict[str, Tensor]) -> None:
        save_checkpoint(self._path, Progress(self._key, epoch=len(losses) - 1, losses=losses), tensors)


def _trained(sight: Sight, manifest: Manifest, asked: Asked) -> bytes:
    settings = asked.settings
    regions: Arrays = {"images": sight.auxiliary.images, "identities": sight.auxiliary.identities}
    key = digest_of(regions, manifest.bundle_id, asdict(settings), asked.seed, str(asked.device))
    keep = _File(asked.folder / f"mirror-{manifest.name}-{key}.safetensors", key)
    decoder = train_decoder(sight, settings.decoder, settings.weight, width=SMALL, keep=keep)
    mean = sight.victim.release(sight.auxiliary.images).mean(axis=0)
    return _noted(export_half(_Drawing(decoder.network.cpu()), *_shapes(manifest), MIRROR), mean)


def _noted(model: bytes, mean: Floats) -> bytes:
    """Note the mean code in the file: what is drawn of it is one picture for everybody."""
    noted = onnx.load_from_string(model)
    rounded = [round(float(number), 6) for number in mean.flatten()]
    noted.metadata_props.add(key=MEAN_CODE, value=msgspec.json.encode(rounded).decode())
    return bytes(noted.SerializeToString())


def _draw(mirror: bytes, manifest: Manifest, observed: Floats) -> Images:
    """Draw by the file that ships, not by the network that it was exported from."""
    drawn = Session(mirror, MIRROR, *_shapes(manifest)).run(observed)
    return np.ascontiguousarray(drawn.transpose(0, 2, 3, 1))


def _shapes(manifest: Manifest) -> tuple[tuple[int, ...], tuple[int, ...]]:
    size, output = manifest.input, manifest.output
    return tuple(output.shape) if output else (), (size.channels, size.height, size.width)
