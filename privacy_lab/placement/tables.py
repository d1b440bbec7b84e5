"""From a network's name, or a bundle, to what some of its maps give away, and to the files that say so."""

from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Final

import msgspec
import torch

from models.placement_table import PLACEMENT, encode_table
from models.reading import load_manifest
from privacy_lab.data.material import Material
from privacy_lab.errors import BadRecipe
from privacy_lab.placement.effort import EFFORTS, Budget, Effort
from privacy_lab.placement.found import Found, encode_found, table_of, write_whole
from privacy_lab.placement.learnt import learnt
from privacy_lab.placement.material import pictures_of_bundle, read_pictures
from privacy_lab.placement.measure import POWERS, Job, WatchLayers, measure
from privacy_lab.placement.settings import SETTINGS, NetworkName
from privacy_lab.placement.walks import NetworkWalk, walk_of_bundle

FOUND: Final = "found"
_KEPT: Final = "layers"


@dataclass(frozen=True, slots=True)
class Asked:
    """How to measure.

    Attributes:
        out: The folder for finished layers and trained networks.
        budget: How much to spend.
        device: Where to compute.
        counts: Numbers of maps to attack; powers of two where none is named.
        layers: Attack what these layers take; as the budget has it where none is named.
        sets: Data sets instead of the network's own.
        side: Height and width that pictures are brought to, instead of the network's own.
        seed: Decides every random choice.
    """

    out: Path
    budget: Budget
    device: torch.device
    counts: tuple[int, ...] = ()
    layers: tuple[str, ...] = ()
    sets: tuple[str, ...] = ()
    side: int | None = None
    seed: int = 7

    @property
    def effort(self) -> Effort:
        """What may be spent."""
        return EFFORTS[self.budget]


def measure_network(name: NetworkName, data: Path, asked: Asked, watch: WatchLayers) -> Found:
    """Train a network of published width, and attack some of the maps that its layers take.

    Raises:
        BadData: its pictures are not in `data`.
        BadRecipe: it has no such layers, or takes no pictures so small.
    """
    usual = SETTINGS[name]
    setting = replace(usual, sets=asked.sets or usual.sets, side=asked.side or usual.side)
    watch(0, 1, "reading pictures")
    pictures = read_pictures(setting.sets, data, setting.input, asked.effort)
    network, accuracy = learnt(
        setting,
        pictures,
        asked.effort,
        folder=asked.out / _KEPT,
        seed=asked.seed,
        device=asked.device,
        tell=lambda what: watch(0, 1, what),
    )
    telling = () if asked.budget == "full" else setting.telling
    walk = NetworkWalk(network, setting.input, setting.channels, wanted=asked.layers or telling)
    known = {layer for (layer,) in NetworkWalk(network, setting.input, setting.channels).layers}
    strange = [layer for layer in asked.layers if layer not in known]
    if strange:
        raise BadRecipe(
            f"--layers: {name} has no layer {strange[0]} that takes maps; there are {_list(known)}"
        )
    return measure(_job(name, "", round(accuracy, 4), asked), walk, pictures, watch)


def measure_bundle(path: Path, material: Material, asked: Asked, watch: WatchLayers) -> Found:
    """Attack some of the maps that the convolutions of a bundle's extractor take.

    Raises:
        BundleError: the bundle is not sound.
        NoTwin: it has no extractor that can be attacked here.
    """
    manifest = load_manifest(path)
    pictures = pictures_of_bundle(material, len(manifest.labels), asked.effort)
    job = _job(manifest.name, manifest.bundle_id, None, asked)
    return measure(job, walk_of_bundle(path), pictures, watch)


def write_tables(found: Found, out: Path) -> tuple[Path, Path]:
    """Write the table that plans are made by, and everything that was found; give both files.

    Raises:
        BadData: the folder cannot be written.
    """
    name = PLACEMENT if found.bundle else f"{found.network}.json"
    table, whole = out / name, out / f"{found.network}-{FOUND}.json"
    write_whole(table, encode_table(table_of(found)))
    write_whole(whole, encode_found(found))
    return table, whole


def read_found(path: Path) -> Found:
    """Read what `write_tables` wrote of everything that was found.

    Raises:
        BadRecipe: it cannot be read, or is something else.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Found)
    except OSError as error:
        raise BadRecipe(f"{path}: cannot be read: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadRecipe(f"{path}: is not what `penumbra lab place-table` found: {error}") from error


def _job(network: str, bundle: str, accuracy: float | None, asked: Asked) -> Job:
    return Job(
        network=network,
        bundle=bundle,
        accuracy=accuracy,
        counts=asked.counts or POWERS,
        effort=asked.effort,
        seed=asked.seed,
        folder=asked.out / _KEPT,
        device=asked.device,
        made_by=f"penumbra {version('penumbra')}, place-table --budget {asked.budget} --seed {asked.seed}",
    )


def _list(names: set[str]) -> str:
    return ", ".join(sorted(names))
