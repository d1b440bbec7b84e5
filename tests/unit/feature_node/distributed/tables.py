"""Tables made for the occasion: what each number of maps of a bundle's layers gives away."""

from pathlib import Path

from feature_node.distributed.cutting import load_cut
from models.placement_table import PlacementTable, TableRow, encode_table
from models.reading import load_manifest


def table_of(bundle: Path, most: int, ssim: float = 0.3, above: float = 0.9) -> PlacementTable:
    """Up to `most` maps of each layer give `ssim` away, all of them `above`."""
    manifest = load_manifest(bundle)
    cut = load_cut((bundle / "extractor.onnx").read_bytes(), manifest.name)
    rows = [
        TableRow(layer=layer.name, maps_in=layer.maps_in, maps=maps, ssim=value, low=value, high=value)
        for layer in cut.layers
        for maps, value in ((min(most, layer.maps_in), ssim), (layer.maps_in, above))
        if maps < layer.maps_in or value == above
    ]
    return PlacementTable(
        network=manifest.name, bundle=manifest.bundle_id, data="made up", rows=tuple(rows), made_by="a test"
    )


def write_table(file: Path, table: PlacementTable) -> Path:
    file.write_bytes(encode_table(table))
    return file
