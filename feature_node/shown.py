"""Exports what leaves this edge and what attackers got out of it, as metrics."""

from feature_node.extractor import Profile
from feature_node.noise_settings import noise_of
from feature_node.settings import EdgeSettings
from models.certificate import SHARES, figures_of
from models.errors import BundleError
from models.reading import load_certificate
from monitoring.logs import get_logger
from monitoring.metrics import CERTIFICATE_FIGURE, EXTRACTOR_INFO


def show_extractor(settings: EdgeSettings, profile: Profile) -> None:
    """Export the extractor in use, and the figures of its certificate where it has one.

    A certificate that cannot be read does not stop an edge whose policy demands none; it is not shown.
    """
    name: str = settings.extractor
    noise = "none"
    try:
        if settings.extractor != "shade" and settings.bundle is not None:
            manifest, certificate = load_certificate(settings.bundle)
            asked = noise_of(manifest, settings.noise)
            name, noise = manifest.name, str(asked.mechanism) if asked else noise
            known = figures_of(certificate) if certificate is not None else {}
            for figure in SHARES:
                if figure in known:
                    CERTIFICATE_FIGURE.labels(figure).set(known[figure])
    except BundleError as error:
        get_logger().warning("the bundle's certificate is not shown", why=str(error))
    shown = {"bundle": profile.bundle, "kind": profile.kind, "task": profile.task}
    EXTRACTOR_INFO.info({"name": name, "noise": noise, **shown})
