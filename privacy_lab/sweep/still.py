"""The averaging attack measured: a still camera for up to 1000 frames, noise drawn for each and memoised."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, final

import numpy as np
import torch

from feature_node.budget.memo import Memo, Release
from feature_node.release.calibration import cost_of
from feature_node.release.samplers import SeededSamplers
from models.bundle import ExtractorBundle, load_extractor
from models.certificate import Figure
from models.manifest import NoiseSpec
from models.quantise import Floats, dequantise
from privacy_lab.attacks.averaging import Send, Watched, averaging, still_frames, watch_frames
from privacy_lab.attacks.reconstructions import Name, Settings, Workbench
from privacy_lab.attacks.scores import score
from privacy_lab.attacks.sight import Sight, as_images
from privacy_lab.attacks.victim import Pixels, Victim
from privacy_lab.attacks.victims import victim_of_bundle
from privacy_lab.battery.statistics import figure_of
from privacy_lab.data.material import Material
from privacy_lab.errors import BadData
from privacy_lab.released import Edge
from privacy_lab.sweep.points import Still, StillSweep

UNCHANGED_WITHIN: Final = 0.05
"""As a feature node has it where nothing else is said."""
ATTACKS: Final[tuple[Name, ...]] = ("decoder", "rmle")
_APART: Final = 1000


@final
class Memoised:
    """An edge that sends a region's value again while its numbers have hardly changed; see `Send`."""

    def __init__(self, edge: Edge, noise: NoiseSpec) -> None:
        self._edge, self._cost = edge, cost_of(noise, edge.extractor.output.numbers)
        self._memo = Memo(unchanged_within=UNCHANGED_WITHIN)

    def __call__(self, regions: Pixels) -> Floats:
        """Release a frame's regions, or repeat them, by the feature node's own memory."""
        numbers, output = self._edge.clean(regions), self._edge.extractor.output
        # Far apart, so that no region is taken for another.
        boxes = [(_APART * k, 0, output.numbers, output.numbers) for k in range(len(regions))]
        looks = self._memo.look("lab", 0, boxes, numbers)
        fresh = [k for k, look in enumerate(looks) if look.release is None]
        drawn = dict(zip(fresh, self._edge.release(numbers[fresh]), strict=True)) if fresh else {}
        sent = []
        for k, look in enumerate(looks):
            release = look.release or Release(drawn[k], self._cost)
            if look.release is None:
                self._memo.keep("lab", 0, box=boxes[k], clean=numbers[k], release=release, instead=look.entry)
            sent.append(release.payload)
        return dequantise(sent, output)


def sweep_still(
    bundle: Path,
    material: Material,
    *,
    frames: tuple[int, ...],
    images: int,
    sensor: float,
    settings: Settings,
    seed: int,
    device: torch.device,
) -> StillSweep:
    """Attack what a still camera sends, after each number of frames, without and with the edge's memory.

    Raises:
        BadData: the bundle has no noise.
        BundleError: it cannot be read.
    """
    extractor, victim = load_extractor(bundle), victim_of_bundle(bundle)
    noise = extractor.manifest.noise
    if not noise:
        raise BadData(f"{bundle}: has no noise to average. Give a bundle that has some")
    chosen = np.random.default_rng(seed).permutation(len(material.attacked))[:images]
    shown = material.attacked.take(np.asarray(chosen, np.int64)).images
    sighted = _Attacker(victim, material, settings, seed, device)
    rows: list[Still] = []
    for memoised in (False, True):
        send = _edge(extractor, noise, seed, memoised=memoised)
        stills = still_frames(shown, max(frames), sensor, seed)
        seen = watch_frames(send, stills, frames, memoised=memoised)
        rows.extend(sighted.row(watched, shown, memoised=memoised) for watched in seen)
    return StillSweep(
        bundle=extractor.manifest.bundle_id,
        task=extractor.manifest.name,
        epsilon_joint=cost_of(noise, extractor.output.numbers).epsilon_joint or 0.0,
        pictures=len(shown),
        sensor=sensor,
        unchanged_within=UNCHANGED_WITHIN,
        rows=tuple(rows),
    )


def gained(sweep: StillSweep, frames: int, *, memoised: bool) -> float:
    """Give the SSIM that so many frames give beyond one.

    Raises:
        BadData: the sweep has no such row.
    """
    rows = {row.frames: row.ssim.value for row in sweep.rows if row.memoised == memoised}
    if not {1, frames} <= rows.keys():
        raise BadData(f"{sweep.task}: no row of 1 and of {frames} frames to compare")
    return rows[frames] - rows[1]


def _edge(extractor: ExtractorBundle, noise: NoiseSpec, seed: int, *, memoised: bool) -> Send:
    edge = Edge(extractor, noise, SeededSamplers(seed))
    return Memoised(edge, noise) if memoised else edge


@final
class _Attacker:
    """Attacks what was watched by every attack there is here; those of one number of draws are made once."""

    def __init__(
        self, victim: Victim, material: Material, settings: Settings, seed: int, device: torch.device
    ) -> None:
        self._victim, self._material, self._settings = victim, material, settings
        self._seed, self._device = seed, device

    def row(self, watched: Watched, shown: Pixels, *, memoised: bool) -> Still:
        found = dict(self._tries(watched, shown))
        best = max(found, key=lambda name: found[name].value)
        return Still(
            frames=watched.frames,
            memoised=memoised,
            draws=watched.draws,
            attack=best,
            ssim=found[best],
        )

    def _tries(self, watched: Watched, shown: Pixels) -> Iterator[tuple[str, Figure]]:
        victim = averaging(self._victim, watched.draws)
        sight = Sight(victim, self._material.auxiliary, watched.mean, self._seed, self._device)
        bench = Workbench(sight, self._settings)
        for name in ATTACKS:
            images = bench.reconstruct(name)
            yield name, figure_of(score(as_images(shown), images).ssim[None])
