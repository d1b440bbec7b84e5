"""Puts together what computes: detector, extractor, release steps and gate, as the settings say.

Slow to load, so it is called in a thread while the links connect; only what the settings name is imported.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from broker.gate import ReleaseGate
from feature_node.budget.budgeted import Budgeted, budgeted, check_budget
from feature_node.budget.ledger import Ledger
from feature_node.centerface_model import cache_folder, load_model, weights_path
from feature_node.detector import Detector
from feature_node.errors import BadSettings
from feature_node.extractor import Extractor, Profile
from feature_node.extractor_shade import SHADE_THRESHOLD, ShadeExtractor, ShadeOptions, shade_profile
from feature_node.hold import Holds
from feature_node.key_file import load_key
from feature_node.noise_settings import noise_of
from feature_node.policy import admit, admit_cost
from feature_node.protect import PictureProtection, contract_of
from feature_node.release.chains import chain_of
from feature_node.release.mechanism import Mechanism
from feature_node.settings import CENTERFACE, EdgeSettings
from feature_node.threads import Threads
from feature_node.watch import Watch
from feature_node.way import NoDetector, Way
from models.manifest import Manifest, OutputSpec
from models.reading import load_manifest
from monitoring.logs import get_logger

if TYPE_CHECKING:
    from feature_node.distributed.spread import Spread

ANSWER_THRESHOLD: Final = 0.5
_MOST_THREADS: Final = 4


class Assembly(NamedTuple):
    """What computes, what it makes, and what that costs.

    Attributes:
        way: Takes frames as far as the gate.
        profile: What it makes of them.
        ledger: What each camera has spent; None where nothing is counted.
        spread: Its network, where that runs over helpers; it has to join them.
    """

    way: Way
    profile: Profile
    ledger: Ledger | None
    spread: "Spread | None"

    def close(self) -> None:
        """Let go of the ledger; see `Ledger.close` for what it raises."""
        if self.ledger is not None:
            self.ledger.close()


class _Made(NamedTuple):
    extractor: Extractor
    mechanism: Mechanism | None
    spread: "Spread | None" = None


def assemble(settings: EdgeSettings, threads: Threads) -> Assembly:
    """Load everything that a frame passes, unless the site's policy lets nothing of it leave.

    Raises:
        PolicyUnmet: The bundle does not prove what the site demands.
        EdgeError, BundleError: Something that the settings name cannot be used.
    """
    admit(settings.policy, settings.sends_numbers_of)
    key = load_key(settings.key_file)
    extractor, mechanism, spread = _EXTRACTORS[settings.extractor](settings, threads)
    detector = _detector(settings) if extractor.profile.needs_faces else NoDetector()
    # The ledger is opened last: whatever is refused before leaves it alone.
    protect, ledger = _protection(settings, mechanism)
    way = Way(
        detector=detector,
        watch=Watch(settings.detect_every),
        holds=Holds(settings.hold, settings.hold_seconds),
        extractor=extractor,
        protect=protect,
        gate=ReleaseGate(
            contract_of(
                extractor.profile,
                protect,
                settings.policy.max_epsilon_joint,
                may_trace=settings.share_traces,
            )
        ),
        threads=threads,
        site=settings.site,
        key=key,
    )
    return Assembly(way, extractor.profile, ledger, spread)


def _protection(settings: EdgeSettings, mechanism: Mechanism | None) -> Budgeted:
    """Give the release steps under the site's budget; without a mechanism those of shaded pictures."""
    if mechanism is None:
        shading = PictureProtection(settings.shade)
        admit_cost(settings.policy, shading.cost, f"What leaves ({shading.name})")
        check_budget(settings.budget, shading.cost, shading.name)
        return Budgeted(shading, None)
    ceiling = settings.policy.max_epsilon_joint
    admit_cost(settings.policy, mechanism.cost, f"What leaves ({mechanism.name})")
    return budgeted(mechanism, settings.budget, settings.ledger_file, ceiling)


def _shading(settings: EdgeSettings, threads: Threads) -> _Made:
    profile = shade_profile()
    if settings.bundle is not None:
        manifest = load_manifest(settings.bundle)
        if manifest.kind != "picture":
            raise BadSettings(
                f"edge.bundle: {manifest.name} takes numbers, not a censored picture. Set edge.extractor to "
                "bundle, or name a picture bundle."
            )
        if manifest.misreads(settings.shade):
            get_logger().warning("the bundle does not read this shading", shade=settings.shade)
        profile = shade_profile(manifest.bundle_id, manifest.task)
    options = ShadeOptions(
        style=settings.shade, shape=settings.shade_shape, dilate=settings.dilate, quality=settings.quality
    )
    return _Made(ShadeExtractor(profile, options, threads), None)


def _bundle(settings: EdgeSettings, threads: Threads) -> _Made:
    from feature_node.extractor_bundle import BundleExtractor  # noqa: PLC0415 - loads ONNX Runtime
    from models.bundle import load_extractor  # noqa: PLC0415

    bundle = load_extractor(settings.bundle or Path())
    mechanism = _mechanism(settings, bundle.manifest, bundle.output)
    return _Made(BundleExtractor(bundle, threads, settings.regions), mechanism)


def _distributed(settings: EdgeSettings, threads: Threads) -> _Made:
    from feature_node.distributed.extractor import DistributedExtractor  # noqa: PLC0415 - loads ONNX Runtime
    from feature_node.distributed.loading import load_spread  # noqa: PLC0415
    from models.bundle import load_extractor  # noqa: PLC0415

    path = settings.bundle or Path()
    # Loaded whole, the network is checked as any bundle's; then that copy goes.
    bundle = load_extractor(path)
    manifest, output = bundle.manifest, bundle.output
    mechanism = _mechanism(settings, manifest, output)
    spread = load_spread(path, manifest, settings.distributed, threads, settings.exposure_file)
    extractor = DistributedExtractor(manifest, output, spread, threads, settings.regions)
    return _Made(extractor, mechanism, spread)


def _mechanism(settings: EdgeSettings, manifest: Manifest, output: OutputSpec) -> Mechanism:
    noise = noise_of(manifest, settings.noise)
    if noise and noise.nullified and not settings.budget.fresh_every:
        get_logger().warning(
            "little counts as unchanged where the input is nullified at random: set edge.budget.fresh_every",
            nullified=noise.nullified,
        )
    return chain_of(output, noise)


_EXTRACTORS: Final[Mapping[str, Callable[[EdgeSettings, Threads], _Made]]] = {
    "bundle": _bundle,
    "distributed": _distributed,
    "shade": _shading,
}


def _detector(settings: EdgeSettings) -> Detector:
    shading = settings.extractor == "shade"
    threshold = settings.threshold or (SHADE_THRESHOLD if shading else ANSWER_THRESHOLD)
    if settings.detector != CENTERFACE:
        from feature_node.yunet import YuNet  # noqa: PLC0415 - loads OpenCV

        return YuNet(Path(settings.detector), size=settings.detection_size, threshold=threshold)
    from feature_node.centerface import CenterFace  # noqa: PLC0415 - loads OpenCV and ONNX Runtime

    cores = settings.threads or min(_MOST_THREADS, len(os.sched_getaffinity(0)))
    model = load_model(weights_path(), cache_folder())
    return CenterFace(model, size=settings.detection_size, threshold=threshold, threads=cores)
