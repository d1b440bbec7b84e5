"""What stands in a bundle beside its halves, and is bound to it by its id: certificate and table of maps."""

from collections.abc import Callable, Mapping
from typing import Final

from models.certificate import check_certificate, decode_certificate
from models.errors import DamagedBundle
from models.manifest import CERTIFICATE, EXTRACTOR, Manifest
from models.placement_table import PLACEMENT, PlacementTable


def check_attached(name: str, data: bytes, manifest: Manifest, where: str) -> None:
    """Refuse a file of `ATTACHED` that is damaged, or another bundle's.

    Raises:
        BundleError: it is; the text says which.
    """
    ATTACHED[name](data, manifest, where)


def _check_certificate(data: bytes, manifest: Manifest, where: str) -> None:
    check_certificate(decode_certificate(data, where), manifest, where)


def _check_placement(data: bytes, manifest: Manifest, where: str) -> None:
    table = PlacementTable.decode(data, f"{where}: {PLACEMENT}")
    if EXTRACTOR not in manifest.files:
        raise DamagedBundle(f"{where}: {PLACEMENT} is there, but a bundle of pictures has no extractor")
    if table.bundle != manifest.bundle_id:
        of = f"of the bundle {table.bundle}" if table.bundle else f"of the network {table.network}"
        raise DamagedBundle(f"{where}: {PLACEMENT} is {of}, not of {manifest.bundle_id}; measure this bundle")


ATTACHED: Final[Mapping[str, Callable[[bytes, Manifest, str], None]]] = {
    CERTIFICATE: _check_certificate,
    PLACEMENT: _check_placement,
}
"""By file name; a manifest does not list them, for they are made after it."""
