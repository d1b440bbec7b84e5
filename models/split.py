"""Part a bundle into the half for the edge and the half for the cloud, which ship apart."""

from pathlib import Path

from models.attached import ATTACHED
from models.errors import UnsupportedBundle
from models.manifest import ANALYZER, EXTRACTOR, MIRROR
from models.reading import read_bundle
from models.writer import write_bundle


def split_bundle(path: Path, out: Path) -> tuple[Path, Path]:
    """Write NAME-extractor.zip and NAME-analyzer.zip into the folder `out` and give their paths.

    Both carry the same manifest, so that either side can tell the other's half by its id. Certificate,
    placement table and mirror go with the extractor: the edge's policy, its planner and its live page ask
    for them.

    Raises:
        BundleError: the bundle cannot be read, holds one half only, or `out` cannot be written.
    """
    manifest, files = read_bundle(path)
    for name in (EXTRACTOR, ANALYZER):
        if name not in files:
            raise UnsupportedBundle(f"{path}: has no {name}, so it cannot be split in two")
    edge: dict[str, bytes] = {name: files[name] for name in (EXTRACTOR, MIRROR, *ATTACHED) if name in files}
    extractor = out / f"{manifest.name}-extractor.zip"
    analyzer = out / f"{manifest.name}-analyzer.zip"
    write_bundle(extractor, manifest, edge)
    write_bundle(analyzer, manifest, {ANALYZER: files[ANALYZER]})
    return extractor, analyzer
