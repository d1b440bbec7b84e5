"""From a bundle and the pictures to attack it with to a certificate in the bundle and a page beside it."""

from pathlib import Path

import torch

from models.certificate import Certificate, encode_certificate
from models.errors import UnsupportedBundle
from models.manifest import ANALYZER, CERTIFICATE, EXTRACTOR, MIRROR
from models.placement_table import PLACEMENT
from models.reading import read_checked
from models.writer import write_bundle
from privacy_lab.attacks.victims import victim_of_bundle
from privacy_lab.battery.ground import Target
from privacy_lab.battery.plan import Plan
from privacy_lab.battery.run import WatchAll, run_battery
from privacy_lab.certify.build import build_certificate, page_of
from privacy_lab.certify.edge_cost import REPETITIONS, Watch, edge_cost
from privacy_lab.certify.facts import PageFacts
from privacy_lab.data.material import Material


def certify_bundle(
    path: Path,
    material: Material,
    *,
    plan: Plan,
    folder: Path,
    device: torch.device,
    watch: WatchAll,
    costs: Watch,
    repetitions: int = REPETITIONS,
    in_torch: bool = True,
) -> tuple[Certificate, PageFacts]:
    """Attack the bundle, measure its edge and write the certificate into it.

    Args:
        path: A whole bundle, folder or zip.
        material: What the attacker learns from, and what he attacks.
        plan: Which attacks, with which seeds.
        folder: Where finished attacks are kept.
        device: Where the attacks compute.
        watch: Is told how the attacks go.
        costs: Is told how measuring the edge's cost goes.
        repetitions: Fresh processes of each kind that it is measured in.
        in_torch: Whether to measure the whole network in torch too.

    Raises:
        BundleError: It cannot be read or written, or has not both halves.
        MeasureFailed: The edge's cost cannot be measured.
        SharedPictures: Nothing is left to learn from, or to attack.
    """
    # An older certificate is not read: it is to be replaced.
    manifest, files = read_checked(path, frozenset({EXTRACTOR, ANALYZER, PLACEMENT, MIRROR}))
    for name in (EXTRACTOR, ANALYZER):
        if name not in files:
            raise UnsupportedBundle(f"{path}: has no {name}; a certificate needs both halves of embeddings")
    target = Target(manifest.bundle_id, victim_of_bundle(path), device)
    outcome = run_battery(target, material, plan, folder, watch)
    edge, intervals = edge_cost(
        manifest, files[EXTRACTOR], files[ANALYZER], repetitions=repetitions, torch=in_torch, watch=costs
    )
    certificate = build_certificate(manifest, outcome.battery, edge, intervals)
    kept = {name: files[name] for name in (EXTRACTOR, ANALYZER, PLACEMENT, MIRROR) if name in files}
    write_bundle(path, manifest, kept | {CERTIFICATE: encode_certificate(certificate)})
    return certificate, page_of(manifest, certificate, outcome)
