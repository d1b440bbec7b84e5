"""A joint guarantee for a bundle's numbers: accuracy against epsilon_joint, by every mechanism that has one.

The bundle's extractor stays as it is. Laplace and Gaussian noise are added to a few numbers that a learnt map
makes of its embedding; `response` sends one of a codebook's words, one a label; `label` is the reference that
the edge's own answer under randomised response is.
"""

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal, final, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from feature_node.release.calibration import lie
from feature_node.release.chains import chain_of
from feature_node.release.samplers import SeededSamplers
from feature_node.release.storing import payloads
from models.bundle import load_extractor
from models.errors import UnsupportedBundle
from models.manifest import Manifest, NoiseSpec, OutputSpec
from models.quantise import Floats, dequantise
from privacy_lab.attacks.victim import Analyze
from privacy_lab.attacks.victims import victim_of_bundle
from privacy_lab.battery.statistics import share_right
from privacy_lab.data.material import Material
from privacy_lab.noise.plan import NoisePlan, finer, fit
from privacy_lab.noise.signal import SignalSettings, learn_signal
from privacy_lab.recipe import digest_of
from privacy_lab.sweep.points import Made, Point
from privacy_lab.sweep.units import Units

Joint = Literal["laplace-l1", "gaussian-l2", "response", "label"]
MECHANISMS: Final[tuple[Joint, ...]] = get_args(Joint)

_LEARNT_FROM: Final = 20_000
_RUNS: Final = 5
Labels = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class JointTask:
    """One point to make."""

    mechanism: Joint
    epsilon_joint: float
    seed: int


@dataclass(frozen=True, slots=True, eq=False)
class _Side:
    """Embeddings before they are stored, float32 [n, k], and their labels."""

    numbers: Floats
    labels: Labels


@final
class JointBench:
    """Makes the points of one bundle; what is finished is kept."""

    def __init__(self, bundle: Path, material: Material, *, folder: Path, delta: float) -> None:
        """Take the bundle, pictures to learn from and to answer, and the folder of finished work.

        Raises:
            BundleError: the bundle cannot be read, or has no analyzer.
        """
        extractor, victim = load_extractor(bundle), victim_of_bundle(bundle)
        self._manifest: Manifest = extractor.manifest
        self._output, self._analyze = extractor.output, _analyzing(victim.analyze, bundle)
        self._delta, self._cards = delta, [card.sha256 for card in material.cards]
        some = np.random.default_rng(23).permutation(len(material.auxiliary))[:_LEARNT_FROM]
        learnt = material.auxiliary.take(np.asarray(some, np.int64))
        self._learn = _Side(extractor.embed(learnt.images), learnt.labels)
        self._test = _Side(extractor.embed(material.attacked.images), material.attacked.labels)
        self.units = Units(folder)

    @property
    def title(self) -> str:
        """The bundle's name."""
        return self._manifest.name

    def key(self, task: JointTask) -> str:
        """Give the digest of everything that decides a point."""
        what = (self._manifest.bundle_id, self._cards, task.mechanism, task.epsilon_joint, task.seed)
        return digest_of("joint", what, (_LEARNT_FROM, _RUNS, self._delta, asdict(SignalSettings())))

    def make(self, task: JointTask) -> Point:
        """Give the task's point: as kept, or made now and kept."""
        key = self.key(task)
        kept = self.units.find(key)
        if kept is not None:
            return kept
        started = time.monotonic()
        numbers, bound, right = self._right(task)
        n = len(self._test.labels)
        point = Point(
            key=key,
            task=self._manifest.name,
            method=task.mechanism,
            case=0,
            layer=self._manifest.split,
            seed=task.seed,
            bundle=self._manifest.bundle_id,
            numbers=numbers,
            bound=bound,
            epsilon_per_coordinate=None,
            epsilon_joint=task.epsilon_joint,
            delta=self._delta if task.mechanism == "gaussian-l2" else None,
            nullified=0.0,
            accuracy=share_right(round(right * n), n),
            baseline=share_right(self._baseline(), n),
            tests=n,
            runs=1 if task.mechanism == "label" else _RUNS,
            attacks=(),
            floor=None,
            made=Made(
                budget="joint",
                device="cpu",
                seconds=round(time.monotonic() - started, 1),
                front="",
                trained_on=len(self._learn.labels),
                width=1.0,
            ),
        )
        self.units.keep(point, {})
        return point

    def _right(self, task: JointTask) -> tuple[int, float | None, float]:
        """Give how many numbers leave, their bound, and the share answered rightly."""
        match task.mechanism:
            case "label":
                return 1, None, self._label_right(task.epsilon_joint)
            case "response":
                plan = NoisePlan(mechanism="response", epsilon_joint=task.epsilon_joint)
                output = finer(self._output)
                noise = fit(plan, self._learn.numbers, self._learn.labels, output, self._count)
                shown = self._test.numbers
                return output.numbers, None, self._share(shown, output, noise, self._analyze, task.seed)
            case "laplace-l1" | "gaussian-l2":
                return self._signal_right(task)

    def _signal_right(self, task: JointTask) -> tuple[int, float | None, float]:
        gaussian = task.mechanism == "gaussian-l2"
        noise = NoiseSpec(
            mechanism="gaussian-l2" if gaussian else "laplace-l1",
            bound=1.0,
            epsilon_joint=task.epsilon_joint,
            delta=self._delta if gaussian else None,
        )
        embeddings, labels = torch.from_numpy(self._learn.numbers), torch.from_numpy(self._learn.labels)
        signal = learn_signal(embeddings, labels, self._count, noise, SignalSettings(), seed=task.seed)
        with torch.no_grad():
            shown = signal.sender(torch.from_numpy(self._test.numbers)).numpy()
        reader = _Reading(signal.reader)
        return signal.output.numbers, 1.0, self._share(shown, signal.output, noise, reader, task.seed)

    def _share(
        self, shown: Floats, output: OutputSpec, noise: NoiseSpec, analyze: Analyze, seed: int
    ) -> float:
        """Give the share answered rightly of what the run time's own steps release, the mean over runs."""
        chain, right = chain_of(output, noise, SeededSamplers(seed)), 0
        for _ in range(_RUNS):
            stored, _ = chain.apply(shown)
            said = analyze(dequantise(payloads(stored), output)).argmax(axis=1)
            right += int((said == self._test.labels).sum())
        return right / (_RUNS * len(shown))

    def _label_right(self, epsilon_joint: float) -> float:
        """Give the expected share: the answer is kept, or a lie that is right by chance."""
        own, lies = self._baseline() / len(self._test.labels), lie(epsilon_joint, self._count)
        return own * (1 - lies) + (1 - own) * lies / (self._count - 1)

    def _baseline(self) -> int:
        """Count what is answered rightly without noise, through the bytes that the bundle sends."""
        stored, _ = chain_of(self._output).apply(self._test.numbers)
        said = self._analyze(dequantise(payloads(stored), self._output)).argmax(axis=1)
        return int((said == self._test.labels).sum())

    @property
    def _count(self) -> int:
        return len(self._manifest.labels)


def _analyzing(analyze: Analyze | None, bundle: Path) -> Analyze:
    if analyze is None:
        raise UnsupportedBundle(f"{bundle}: has no analyzer.onnx, so nothing can be answered")
    return analyze


@final
class _Reading:
    """A reader in torch; see `Analyze`."""

    def __init__(self, reader: nn.Module) -> None:
        self._reader = reader

    @torch.no_grad()
    def __call__(self, numbers: Floats) -> Floats:
        return np.asarray(self._reader(torch.from_numpy(numbers)).numpy(), np.float32)
