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
_ENOUGH: Final = 256
"""As many helpers as one edge takes."""


class Terms(NamedTuple):
    """A network, its caps and the table they are read off, and how many helpers each layer takes at least."""

    cut: Cut
    network: Network
    caps: Caps
    needed: tuple[float, ...]
    table: PlacementTable

    @property
    def helpers(self) -> int:
        """How many helpers it takes at least."""
        return int(max(self.needed))


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
        cut,
        terms.network,
        terms.caps,
        source_device(measured_speed(), settings.rate_bytes_per_second),
        Exposure(_record_of(record, cut), cut.sha256),
        table=terms.table,
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
    terms = _terms(files[EXTRACTOR], manifest, settings, table, settings.keep_first or 0)
    kept = _too_tight(terms.needed, settings)
    if kept and settings.keep_first is None and kept < len(terms.needed):
        terms = _terms(files[EXTRACTOR], manifest, settings, table, kept)
    elif kept:
        raise BadSettings(_ways_out(terms, table, settings, kept))
    most_at_once(terms.cut)
    return terms


def _terms(
    model: bytes, manifest: Manifest, settings: DistributedSettings, table: PlacementTable, keep_first: int
) -> Terms:
    cut = load_cut(model, manifest.name, keep_first)
    network = network_of(cut, manifest.name, table.layers)
    caps = caps_of(table, network, settings.max_ssim, settings.colluding)
    return Terms(cut, network, caps, helpers_needed(network, caps), table)


def _too_tight(needed: tuple[float, ...], settings: DistributedSettings) -> int:
    """Say up to which layer some cannot be handed out within the caps; 0 where all can."""
    most = settings.helpers or _ENOUGH
    return max((place + 1 for place, count in enumerate(needed) if count > most), default=0)


def helpers_needed(network: Network, caps: Caps) -> tuple[float, ...]:
    """Say of each handed-out layer how many helpers it takes until each map has one that may see it.

    Infinite where a helper may not see even one map.
    """
    places = range(1, len(network.layers) - 1)
    shares = ((network.layers[place].maps_in, caps.share(network, place)) for place in places)
    return tuple(math.ceil(maps / share) if share else math.inf for maps, share in shares)


def _ways_out(terms: Terms, table: PlacementTable, settings: DistributedSettings, kept: int) -> str:
    """Say which layer asks for too much, and every way out that the table knows."""
    # Where the edge may keep what it likes, it is the last layer that nobody can hold.
    keeps = settings.keep_first is None
    worst = len(terms.needed) - 1 if keeps else terms.needed.index(max(terms.needed))
    layer, share = terms.network.layers[worst + 1], terms.caps.share(terms.network, worst + 1)
    most = settings.helpers or _ENOUGH
    there = f"there are {most}" if settings.helpers else f"there can be {most} at most"
    takes = (
        f"{layer.name} takes {terms.needed[worst]:g} helpers, {there} ({share} of {layer.maps_in} maps each)"
        if share
        else f"no helper may see even one of the {layer.maps_in} maps of {layer.name}"
    )
    ways = []
    looser = next((cap for cap in _levels(table) if _fits(terms.network, table, cap, settings)), None)
    if looser is not None and looser > settings.max_ssim:
        ways.append(f"raise max_ssim to {looser:.3f}")
    if kept < len(terms.needed):
        ways.append(f"let the edge keep the first {kept + terms.cut.kept} layers (keep_first)")
    if share:
        ways.append(f"add helpers (--helpers {terms.needed[worst]:g})")
    ways += ["lower colluding"] if settings.colluding > 1 else []
    return (
        f"edge.distributed: {terms.network.name} at SSIM {settings.max_ssim:g} against {settings.colluding} "
        f"colluding: {takes}. Ways out: {', or '.join(ways) or 'another bundle'}."
    )


def _levels(table: PlacementTable) -> tuple[float, ...]:
    """Give the similarities that a cap can be set at, lowest first: rounded up, so that they hold."""
    return tuple(sorted({math.ceil(1000 * row.high) / 1000 for row in table.rows}))


def _fits(network: Network, table: PlacementTable, cap: float, settings: DistributedSettings) -> bool:
    needed = helpers_needed(network, caps_of(table, network, min(cap, 1.0), settings.colluding))
    asked = needed[-1] if settings.keep_first is None else max(needed)
    return asked <= (settings.helpers or _ENOUGH)


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
