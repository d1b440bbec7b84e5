"""`penumbra lab certify`: attack a bundle with everything there is, and write down what came of it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from models.catalogue import find
from models.reading import load_manifest
from penumbra import lab_attacking as a
from penumbra import lab_options as o
from penumbra.errors import RunError
from penumbra.lab_material import read_material
from penumbra.lab_needs import require_lab
from penumbra.saying import say

if TYPE_CHECKING:
    from models.certificate import Certificate

PageOption = Annotated[
    Path | None, typer.Option("--page", help="Write a page for people to this HTML file; it shows pictures.")
]


def mount(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(certify)


def certify(
    bundle: o.BundleArgument,
    *,
    data: o.PicturesOption = o.DATA,
    own: o.OwnOption = False,
    recipe: o.RecipeOption = None,
    page: PageOption = None,
    folder: a.FolderOption = None,
    seeds: a.SeedsOption = a.SEEDS,
    images: a.ImagesOption = a.IMAGES,
    device: o.DeviceOption = "auto",
    threads: o.ThreadsOption = o.THREADS,
) -> None:
    """Attack a bundle, measure what it costs the edge, and write certificate.json into it."""
    require_lab()
    # Typer reads this module on every `penumbra --help`, which must not wait for torch.
    from privacy_lab.battery.plan import Plan  # noqa: PLC0415
    from privacy_lab.certify.certifying import certify_bundle  # noqa: PLC0415
    from privacy_lab.certify.page import render_page  # noqa: PLC0415

    path, console = find(bundle), Console()
    chosen = o.device_for("attacking", device, threads, console)
    with a.AttackBar(console) as bar:
        certificate, facts = certify_bundle(
            path,
            read_material(load_manifest(path), data, own=own, recipe=recipe),
            plan=Plan(seeds=tuple(range(seeds)), images=images),
            folder=o.kept_in(folder, "attacks"),
            device=chosen,
            watch=bar.attack,
            costs=bar.costs,
        )
    _show(certificate, console)
    say(console, f"wrote certificate.json into {path}")
    if page is not None:
        _write(page, render_page(facts))
        say(
            console,
            f"wrote {page}. It shows pictures of the data sets: pass it on only where their terms allow it.",
        )


def _show(certificate: "Certificate", console: Console) -> None:
    from models.certificate import figures_of  # noqa: PLC0415 - quick --help

    table = Table("figure", "value", "95 %", box=None)
    for name, value in figures_of(certificate).items():
        low, high = certificate.intervals[name]
        table.add_row(name, f"{value:.4g}", f"{low:.4g} to {high:.4g}")
    console.print(table)
    for attack, why in certificate.not_run.items():
        say(console, f"not run: {attack}: {why}")


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise RunError(f"--page: {path} cannot be written: {error.strerror}.") from error
