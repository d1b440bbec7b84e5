"""`penumbra lab mirror`: what the cloud could make of the numbers at best, as a file for the live page."""

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from models.catalogue import find
from models.reading import load_manifest
from penumbra import lab_attacking as a
from penumbra import lab_options as o
from penumbra.lab_material import read_material
from penumbra.lab_needs import require_lab
from penumbra.saying import say

OutOption = Annotated[
    Path | None,
    typer.Option("--out", help="Write a copy of the bundle, with the mirror, to this folder or zip."),
]
BudgetOption = Annotated[
    Literal["brief", "full"], typer.Option("--budget", help="How long the decoder learns: minutes, or more.")
]


def mount(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(mirror)


def mirror(
    bundle: o.BundleArgument,
    *,
    data: o.PicturesOption = o.DATA,
    own: o.OwnOption = False,
    recipe: o.RecipeOption = None,
    out: OutOption = None,
    budget: BudgetOption = "brief",
    folder: a.FolderOption = None,
    images: a.ImagesOption = a.IMAGES,
    seed: o.SeedOption = 0,
    device: o.DeviceOption = "auto",
    threads: o.ThreadsOption = o.THREADS,
) -> None:
    """Train the decoder that shows what the cloud could make of the numbers, and put it into the bundle."""
    require_lab()
    # Typer reads this module on every `penumbra --help`, which must not wait for torch.
    from privacy_lab.mirror import Asked, make_mirror  # noqa: PLC0415

    path, console, kept = find(bundle), Console(), o.kept_in(folder, "attacks")
    chosen = o.device_for("learning", device, threads, console)
    asked = Asked(out=out or path, folder=kept, budget=budget, images=images, seed=seed, device=chosen)
    try:
        with a.AttackBar(console) as bar:
            material = read_material(load_manifest(path), data, own=own, recipe=recipe)
            made = make_mirror(path, material, asked, lambda share: bar.attack("mirror", seed, share))
    except KeyboardInterrupt:
        say(console, f"interrupted. What is learnt is kept in {kept}: the same command goes on from there.")
        raise
    say(console, f"learnt from {made.learnt} regions; on {made.scored} others it reaches SSIM")
    say(console, f" {made.ssim.value:.3f} (95 %: {made.ssim.low:.3f} to {made.ssim.high:.3f})")
    over = made.over_floor
    say(console, f" {over.value:+.3f} over the mean picture ({over.low:+.3f} to {over.high:+.3f})")
    say(console, f"wrote mirror.onnx, {made.size:,} bytes, into {asked.out}")
