"""`penumbra bundle`: show, verify, split and list what a provider hands over."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from models.catalogue import find, shipped
from models.certificate import Certificate
from models.errors import UnsupportedBundle
from models.manifest import Accuracy, Manifest
from models.reading import load_certificate
from models.split import split_bundle
from penumbra import lab_attacking as a
from penumbra import lab_options as o
from penumbra.bundle_claims import claims_hold
from penumbra.saying import say

app = typer.Typer(help="Show, verify, split and list bundles.", no_args_is_help=True)

_FEW: Final = 3

BundleArgument = Annotated[str, typer.Argument(help="A shipped bundle's name, or a folder or zip.")]
DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data", help="Pictures of your own, LABEL/PERSON/*.jpg: check the certificate's claims on them."
    ),
]
OutOption = Annotated[Path, typer.Option("--out", help="The folder to write the two halves to.")]


@app.command()
def show(bundle: BundleArgument) -> None:
    """Show what a bundle answers, what it sends, how well it was measured and under which terms it is."""
    show_bundle(find(bundle), Console())


@app.command()
def verify(
    bundle: BundleArgument,
    *,
    data: DataOption = None,
    seeds: a.SeedsOption = a.SEEDS,
    images: a.ImagesOption = a.IMAGES,
    folder: a.FolderOption = None,
    device: o.DeviceOption = "auto",
    threads: o.ThreadsOption = o.THREADS,
) -> None:
    """Check hashes and shapes, and run each half that is there; nothing is written to the bundle.

    With --data also attack the edge's half on pictures of your own, and say which of the certificate's
    claims hold there; the exit status is 1 where one does not.
    """
    path = find(bundle)
    if importlib.util.find_spec("onnxruntime") is None:
        raise UnsupportedBundle("penumbra bundle verify needs onnxruntime. Run: pip install 'penumbra[edge]'")
    # A camera's installation has no inference library, and its `penumbra --help` must work all the same.
    from models.verify import verify_bundle  # noqa: PLC0415

    console = Console()
    for check in verify_bundle(path):
        console.print(f"✓ {check}", highlight=False, markup=False)
    say(console, f"{path}: sound")
    if data is None:
        return
    kept = o.kept_in(folder, "attacks")
    if not claims_hold(
        path, data, console, seeds=seeds, images=images, folder=kept, device=device, threads=threads
    ):
        raise typer.Exit(1)


@app.command()
def split(bundle: BundleArgument, out: OutOption = Path()) -> None:
    """Write the edge's half and the cloud's half as two zips."""
    extractor, analyzer = split_bundle(find(bundle), out)
    console = Console()
    say(console, f"edge   {extractor}")
    say(console, f"cloud  {analyzer}")


@app.command("list")
def list_bundles() -> None:
    """List the bundles that ship with the project."""
    table = Table(box=None)
    table.add_column("name", no_wrap=True)
    for column in ("answers", "sends", "accuracy", "rebuilt"):
        table.add_column(column)
    table.add_column("id", no_wrap=True)  # an id cut short names nothing
    for name, path in shipped().items():
        manifest, certificate = load_certificate(path)
        answers, measured = _answers(manifest), _accuracies(manifest.accuracy)
        rebuilt = _rebuilt(certificate) if manifest.output else ""
        table.add_row(name, answers, _sends(manifest), measured, rebuilt, manifest.bundle_id)
    Console().print(table)
    Console().print("rebuilt: SSIM over the floor that the strongest attack of its certificate reached")


def _answers(manifest: Manifest) -> str:
    labels = manifest.labels
    if len(labels) <= _FEW:
        return " | ".join(labels)
    return f"{labels[0]} | {labels[1]} | … {len(labels)} in all"


def _accuracies(measured: Sequence[Accuracy]) -> str:
    shares = sorted(entry.accuracy for entry in measured)
    if len(shares) <= _FEW:
        return " ".join(_share(entry) for entry in measured)
    return f"{100 * shares[0]:.1f} to {100 * shares[-1]:.1f} %"


def show_bundle(path: Path, console: Console) -> None:
    """Print a bundle's manifest as a table for people.

    Raises:
        BundleError: the bundle cannot be read.
    """
    manifest, certificate = load_certificate(path)
    table = Table(title=f"{manifest.name}  {manifest.bundle_id}", show_header=False, title_justify="left")
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for key, value in (*_rows(manifest), *_certified(manifest, certificate)):
        table.add_row(key, value)
    console.print(table)


def _rows(manifest: Manifest) -> list[tuple[str, str]]:
    size, origin = manifest.input, manifest.provenance
    rows = [
        ("task", manifest.task),
        ("labels", " | ".join(manifest.labels)),
        ("region", f"{manifest.region.kind}, margin {manifest.region.margin:g}"),
        ("input", f"{size.width}×{size.height} RGB"),
        ("sends", _sends(manifest)),
        ("parameters", f"{manifest.parameters.extractor:,} edge, {manifest.parameters.analyzer:,} cloud"),
    ]
    # Loads NumPy, which `penumbra --help` is quicker without.
    from penumbra.costs import noise_rows  # noqa: PLC0415

    rows[5:5] = noise_rows(manifest)
    if manifest.split:
        rows.insert(4, ("cut behind", f"{manifest.split} ({manifest.embedding} embedding)"))
    rows += [("accuracy", _measured(entry)) for entry in manifest.accuracy]
    rows += [("uncut", _measured(entry)) for entry in manifest.accuracy_whole]
    rows += [("file", f"{name}, {entry.size:,} bytes") for name, entry in manifest.files.items()]
    rows += [
        ("data", f"{entry.name}: {entry.trained_on} trained on, {entry.held_out} held out. {entry.terms}")
        for entry in origin.data
    ]
    return [
        *rows,
        ("made by", f"{origin.code}; {origin.recipe}; seed {origin.seed}"),
        ("terms", origin.terms),
    ]


def _certified(manifest: Manifest, certificate: Certificate | None) -> list[tuple[str, str]]:
    if manifest.output is None:
        return []
    if certificate is None:
        return [("certificate", "none: nobody has written down what attackers get out of it")]
    told = (
        ("SSIM over the floor", certificate.ssim_over_floor),
        ("rank-1", certificate.identity_rank1),
        ("by chance", certificate.identity_rank1_chance),
        ("rank privacy", certificate.rank_privacy),
    )
    figures = ", ".join(f"{name} {value:.3f}" for name, value in told if value is not None)
    return [("certificate", figures)]


def _sends(manifest: Manifest) -> str:
    output = manifest.output
    if output is None:
        return "the censored picture"
    return f"{output.numbers} × {output.dtype}, {output.region_bytes} bytes a region"


def _rebuilt(certificate: Certificate | None) -> str:
    over = certificate.ssim_over_floor if certificate else None
    return "not certified" if over is None else f"{over:+.3f}"


def _share(entry: Accuracy) -> str:
    return f"{100 * entry.accuracy:.1f} %"


def _measured(entry: Accuracy) -> str:
    interval = f"{100 * entry.low:.1f} to {100 * entry.high:.1f}"
    return (
        f"{_share(entry)} of {entry.n} (95 %: {interval}; floor {100 * entry.floor:.1f} %)"
        f" on {entry.data}: {entry.split}"
    )
