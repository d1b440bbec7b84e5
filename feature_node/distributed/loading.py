"""Loads a bundle's network to be spread: cut, measured, and with caps that somebody can keep."""

import math
from pathlib import Path
from typing import Final, NamedTuple

from feature_node.distributed.coordinator import most_at_once
from feature_node.distributed.cut import Cut
from feature_node.distributed.cutting import load_cut
from feature_node.distributed.exposure import Exposure
from feature_node.distributed.pieces import Pieces
from feature_node.distributed.planning import Planner, network_of, source_device
from feature_node.distributed.segment import measured_speed
from feature_node.distributed.settings import DistributedSettings
from feature_node.distributed.spread import Spread
from feature_node.errors import BadSettings
from feature_node.placement.model import Network
from feature_node.placement.privacy import Caps, caps_of
from feature_node.threads import Threads
from models.manifest import EXTRACTOR, Manifest
from models.placement_table import PLACEMENT, PlacementTable, read_table
from models.reading import read_checked

_NAME_DIGITS: Final = 12


class Terms(NamedTuple):
    """A network, its caps, and how many helpers it takes at least."""

    cut: Cut
    network: Network
    caps: Caps
    helpers: int


def load_spread(
    bundle: Path, manifest: Manifest, settings: DistributedSettings, threads: Threads, record: Path
) -> Spread:
    """Prepare a bundle's extractor for helpers.

    Args:
        bundle: The bundle, a folder or a zip, which was found to be sound.
        manifest: Its manifest.
        settings: How to spread it.
        threads: Where the source computes.
        record: Beside this file is noted what helpers have seen, a file for each network.

    Raises:
        BadSettings, BundleError: It cannot be spread so; the text says why, and what to do.
    """
    terms = read_terms(bundle, manifest, settings)
    cut = terms.cut
    planner = Planner(
        terms.network,
        terms.caps,
        source_device(measured_speed(), settings.rate_bytes_per_second),
        Exposure(_record_of(record, cut), cut.sha256, len(cut.layers)),
    )
    expected = settings.helpers or terms.helpers
    return Spread(cut, Pieces(cut), planner, threads, settings, expected=expected)


def read_terms(bundle: Path, manifest: Manifest, settings: DistributedSettings) -> Terms:
    """Find out what it takes to spread a bundle's extractor; starts nothing.

    Raises:
        BadSettings, BundleError: It cannot be spread so; the text says why, and what to do.
    """
    _, files = read_checked(bundle, frozenset({EXTRACTOR, PLACEMENT}))
    if EXTRACTOR not in files:
        raise BadSettings(f"edge.bundle: {manifest.name} has no extractor to spread. Name one that has.")
    table = _table(manifest, settings, files.get(PLACEMENT))
    cut = load_cut(files[EXTRACTOR], manifest.name)
    most_at_once(cut)
    network = network_of(cut, manifest.name, table.layers)
    caps = caps_of(table, network, settings.max_ssim, settings.colluding)
    needed = helpers_needed(network, caps)
    _check_helpers(settings, needed, manifest.name)
    return Terms(cut, network, caps, needed)


def helpers_needed(network: Network, caps: Caps) -> int:
    """Say how many helpers it takes at least until each map has one that may see it.

    Raises:
        BadSettings: No number is enough: a helper may not see even one map of some layer.
    """
    needed = 1
    for place in range(1, len(network.layers) - 1):
        layer, share = network.layers[place], caps.share(network, place)
        if share == 0:
            raise BadSettings(
                f"edge.distributed.max_ssim: at {caps.max_ssim:g} against {caps.colluding} colluding no "
                f"helper may see even one map of {layer.name} of {network.name}. Raise max_ssim, lower "
                "colluding, or measure a larger table (penumbra lab place-table)."
            )
        needed = max(needed, math.ceil(layer.maps_in / share))
    return needed


def _check_helpers(settings: DistributedSettings, needed: int, name: str) -> None:
    if 0 < settings.helpers < needed:
        raise BadSettings(
            f"edge.distributed: {settings.helpers} helpers are too few for {name}: at SSIM "
            f"{settings.max_ssim:g} against {settings.colluding} colluding it takes {needed}, and more to "
            "replace one that fails. Add helpers (--helpers), raise max_ssim, or lower colluding."
        )


def _table(manifest: Manifest, settings: DistributedSettings, shipped: bytes | None) -> PlacementTable:
    if settings.table is not None:
        table, where = read_table(settings.table), str(settings.table)
    elif shipped is not None:
        table, where = PlacementTable.decode(shipped, PLACEMENT), f"{PLACEMENT} of {manifest.name}"
    else:
        raise BadSettings(
            f"edge.distributed.table: {manifest.name} brings no table that says what some of its feature "
            "maps give away. Measure one (penumbra lab place-table --bundle NAME) and name its file."
        )
    if table.bundle != manifest.bundle_id:
        raise BadSettings(
            f"edge.distributed.table: {where} was measured on {table.bundle or table.network}, not on "
            f"{manifest.name} ({manifest.bundle_id}). Measure this bundle (penumbra lab place-table "
            "--bundle)."
        )
    return table


def _record_of(record: Path, cut: Cut) -> Path:
    return record.with_name(f"{record.stem}-{cut.sha256[:_NAME_DIGITS]}.maps.json")
