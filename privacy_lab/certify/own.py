"""A certificate is put to the test by someone who holds the edge's half and pictures of his own."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from models.bundle import ExtractorBundle, load_extractor
from models.errors import UnsupportedBundle
from models.manifest import EXTRACTOR
from models.reading import load_certificate, read_checked
from privacy_lab.attacks.victims import victim_of_bundle
from privacy_lab.battery.ground import Target
from privacy_lab.battery.plan import Plan
from privacy_lab.battery.records import Battery
from privacy_lab.battery.run import WatchAll, run_battery
from privacy_lab.certify.claims import Checked, Verdict, check_claims, labels_known
from privacy_lab.certify.edge_cost import REPETITIONS, Watch, extractor_cost
from privacy_lab.data.dataset import Regions
from privacy_lab.data.material import material_of
from privacy_lab.errors import SharedPictures
from privacy_lab.released import Edge


def check_on_own_pictures(
    path: Path,
    pictures: Path,
    *,
    plan: Plan,
    folder: Path,
    device: torch.device,
    watch: WatchAll,
    costs: Watch,
    repetitions: int = REPETITIONS,
) -> tuple[Verdict, ...]:
    """Attack the edge's half of the bundle on the client's pictures, and judge each claim.

    Args:
        path: The bundle; of a whole one the cloud's half is left aside.
        pictures: `<label>/<person>/*`, `<label>/*` or `<person>/*`.
        plan: Which attacks, with which seeds.
        folder: Where finished work is kept.
        device: Where the attacks compute.
        watch: Is told how the attacks go.
        costs: Is told how measuring the edge's cost goes.
        repetitions: Fresh processes of each kind that it is measured in.

    Raises:
        BundleError: It cannot be read, has no extractor or no certificate.
        BadData: The pictures do not lie so, or cannot be divided.
    """
    manifest, certificate = load_certificate(path)
    extractor = load_extractor(path)
    if certificate is None:
        raise UnsupportedBundle(
            f"{path}: has no certificate, so there is no claim to check. Its provider makes one with "
            "penumbra lab certify."
        )
    material = material_of(manifest, pictures, None)
    victim = replace(victim_of_bundle(path), analyze=None, back=None)
    battery: Battery | None = None
    why_not = ""
    try:
        target = Target(manifest.bundle_id, victim, device)
        battery = run_battery(target, material, plan, folder, watch).battery
    except SharedPictures as error:
        why_not = str(error)
    _, files = read_checked(path, frozenset({EXTRACTOR}))
    checked = Checked(
        battery=battery,
        why_not=why_not,
        labels_known=labels_known(material.gallery),
        payload_bytes=_lengths(extractor, (material.auxiliary, material.attacked)),
        costs=extractor_cost(manifest, files[EXTRACTOR], repetitions=repetitions, watch=costs),
    )
    return check_claims(certificate, checked)


def _lengths(extractor: ExtractorBundle, sides: tuple[Regions, ...]) -> frozenset[int]:
    images = np.concatenate([regions.images for regions in sides])
    return frozenset(map(len, Edge(extractor).payloads(images)))
