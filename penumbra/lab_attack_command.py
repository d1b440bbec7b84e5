"""`penumbra lab attack`: every attack there is, against one bundle, and what came of it."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console

from models.catalogue import find
from models.reading import load_manifest
from penumbra import lab_attacking as a
from penumbra import lab_options as o
from penumbra.errors import RunError
from penumbra.lab_attack_tables import identity_table, reconstruction_table, summary
from penumbra.lab_material import read_material
from penumbra.lab_needs import require_lab
from penumbra.saying import say
from penumbra.units import count_text

if TYPE_CHECKING:
    from privacy_lab.battery.ground import Target
    from privacy_lab.battery.plan import Plan
    from privacy_lab.battery.records import Battery
    from privacy_lab.data.material import Material

OutOption = Annotated[Path | None, typer.Option("--out", help="Write all figures to this JSON file.")]
OnlyOption = Annotated[
    list[str] | None, typer.Option("--only", help="This attack, or group of attacks, alone; may be repeated.")
]

_NAMED: Final = 10


def mount(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(attack)


def attack(
    bundle: o.BundleArgument,
    *,
    data: o.PicturesOption = o.DATA,
    own: o.OwnOption = False,
    recipe: o.RecipeOption = None,
    out: OutOption = None,
    only: OnlyOption = None,
    folder: a.FolderOption = None,
    seeds: a.SeedsOption = a.SEEDS,
    images: a.ImagesOption = a.IMAGES,
    device: o.DeviceOption = "auto",
    threads: o.ThreadsOption = o.THREADS,
) -> None:
    """Attack a bundle on pictures that its attackers never saw, and show what they got."""
    require_lab()
    # Typer reads this module on every `penumbra --help`, which must not wait for torch.
    from privacy_lab.battery.plan import Plan  # noqa: PLC0415
    from privacy_lab.battery.records import encode_battery  # noqa: PLC0415

    plan = Plan(seeds=tuple(range(seeds)), only=tuple(only or ()), images=images)
    console, path = Console(), find(bundle)
    material = read_material(load_manifest(path), data, own=own, recipe=recipe)
    _name_skipped(console, [name for card in material.cards for name in card.skipped])
    target = _target(path, device, threads, console)
    battery = _attack(target, material, plan, o.kept_in(folder, "attacks"), console)
    if out:
        _write(out, encode_battery(battery))
    show_battery(battery, console)


def show_battery(battery: "Battery", console: Console) -> None:
    """Print what a battery found, for people."""
    for table in (reconstruction_table(battery), identity_table(battery)):
        if table.row_count:
            console.print(table)
    for line in summary(battery):
        say(console, line)


def _target(path: Path, device: o.DeviceName, threads: int, console: Console) -> "Target":
    from privacy_lab.attacks.victims import victim_of_bundle  # noqa: PLC0415 - quick --help
    from privacy_lab.battery.ground import Target  # noqa: PLC0415 - as above

    chosen = o.device_for("attacking", device, threads, console)
    return Target(load_manifest(path).bundle_id, victim_of_bundle(path, threads=threads), chosen)


def _attack(
    target: "Target", material: "Material", plan: "Plan", folder: Path, console: Console
) -> "Battery":
    from privacy_lab.battery.run import run_battery  # noqa: PLC0415 - quick --help

    try:
        with a.AttackBar(console) as bar:
            return run_battery(target, material, plan, folder, bar.attack).battery
    except KeyboardInterrupt:
        text = f"interrupted. What is finished is kept in {folder}: the same command goes on from there."
        say(console, text)
        raise


def _name_skipped(console: Console, names: Iterable[str]) -> None:
    listed = tuple(names)
    if listed:
        more = f" and {len(listed) - _NAMED} more" if len(listed) > _NAMED else ""
        text = f"{count_text(len(listed), 'file')} could not be read: {', '.join(listed[:_NAMED])}{more}"
        say(console, text)


def _write(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise RunError(f"--out: {path} cannot be written: {error.strerror}.") from error
