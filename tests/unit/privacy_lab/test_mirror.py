"""A bundle gets a mirror: learnt from what leaves, taken up where it was left, in ONNX as in torch."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from models.errors import UnsupportedBundle  # noqa: E402
from models.manifest import MIRROR  # noqa: E402
from models.mirror import load_mirror  # noqa: E402
from models.reading import load_certificate, read_bundle  # noqa: E402
from models.sessions import Session  # noqa: E402
from privacy_lab.attacks.decoder import train_decoder  # noqa: E402
from privacy_lab.attacks.sight import Sight, unwatched  # noqa: E402
from privacy_lab.attacks.upconvolution import SMALL, UpConvolution  # noqa: E402
from privacy_lab.attacks.victims import victim_of_bundle  # noqa: E402
from privacy_lab.devices import CPU  # noqa: E402
from privacy_lab.errors import BadCheckpoint  # noqa: E402
from privacy_lab.export import export_half  # noqa: E402
from privacy_lab.mirror import Asked, make_mirror  # noqa: E402
from tests.unit.models import made, noisy  # noqa: E402
from tests.unit.privacy_lab.battery import made as battery  # noqa: E402

SHOWN = 1200


class _CutOff(Exception):
    """Somebody pressed Ctrl-C."""


def asked(out: Path, **changes: object) -> Asked:
    return Asked(out=out, folder=out.parent / "kept", images=8, pictures=SHOWN, **changes)


def mirror_of(path: Path) -> bytes:
    return read_bundle(path)[1][MIRROR]


def test_the_bundle_stays_what_it_was_and_gets_a_mirror(tmp_path: Path) -> None:
    path = made.certified(tmp_path / "tiny")
    before, files = read_bundle(path)
    shares: list[float] = []
    found = make_mirror(path, battery.material(), asked(path), shares.append)
    after, now = read_bundle(path)
    assert {name: data for name, data in now.items() if name in before.files} == {
        name: files[name] for name in before.files
    }
    assert after.bundle_id == before.bundle_id
    assert load_certificate(path)[1] is not None
    assert found.size == after.files[MIRROR].size == len(now[MIRROR])
    assert found.ssim.low <= found.ssim.value <= found.ssim.high
    assert shares[-1] == 1.0
    assert load_mirror(path).pictures([bytes(4)]).shape == (1, made.SIDE, made.SIDE, 3)


def test_no_attacked_picture_is_learnt_from(tmp_path: Path) -> None:
    path, material = made.bundle(tmp_path / "tiny"), battery.material()
    found = make_mirror(path, material, asked(tmp_path / "out"), unwatched)
    assert found.learnt == len(material.auxiliary)
    shared = battery.material()
    shared.auxiliary.images[:30] = shared.attacked.images[:30]
    again = make_mirror(path, shared, asked(tmp_path / "again"), unwatched)
    assert again.learnt == found.learnt - 30


def test_an_interrupted_one_ends_as_one_that_was_not(tmp_path: Path) -> None:
    path = made.bundle(tmp_path / "tiny")
    whole = asked(tmp_path / "one" / "whole")
    make_mirror(path, battery.material(), whole, unwatched)

    def cut_off(share: float) -> None:
        if share > 0.6:
            raise _CutOff

    broken = asked(tmp_path / "two" / "broken")
    with pytest.raises(_CutOff):
        make_mirror(path, battery.material(), broken, cut_off)
    assert not (tmp_path / "two" / "broken").exists()
    shares: list[float] = []
    make_mirror(path, battery.material(), broken, shares.append)
    assert min(shares) > 0.3
    assert mirror_of(broken.out) == mirror_of(whole.out)


def test_noise_is_drawn_for_what_it_learns_from(tmp_path: Path) -> None:
    path = made.bundle(tmp_path / "noisy", noise=noisy.L1)
    make_mirror(path, battery.material(), asked(path), unwatched)
    assert load_mirror(path).output == read_bundle(path)[0].output


def test_the_file_draws_as_the_network_does(tmp_path: Path) -> None:
    material = battery.material()
    victim = victim_of_bundle(made.bundle(tmp_path / "tiny"))
    observed = victim.release(material.attacked.images)
    decoder = train_decoder(
        Sight(victim, material.auxiliary, observed, 0, CPU), asked(tmp_path).settings.decoder, width=SMALL
    )
    takes, gives = (4,), (3, made.SIDE, made.SIDE)
    drawn = Session(export_half(decoder.network, takes, gives, "mirror"), "mirror", takes, gives).run(
        observed
    )
    expected = decoder.decode(observed)
    assert np.abs(np.clip(drawn, 0, 1).transpose(0, 2, 3, 1) - expected).max() < 1e-4


def test_the_narrow_network_is_small_enough_to_ship() -> None:
    weights = sum(p.numel() for p in UpConvolution((8,), 64, 64, SMALL).parameters())
    assert 4 * weights < 1 << 20


def test_what_was_kept_of_something_else_is_not_taken_up(tmp_path: Path) -> None:
    path, plan = made.bundle(tmp_path / "tiny"), asked(tmp_path / "out")
    make_mirror(path, battery.material(), plan, unwatched)
    (kept,) = plan.folder.iterdir()
    kept.write_bytes(b"damaged")
    with pytest.raises(BadCheckpoint, match="Delete it"):
        make_mirror(path, battery.material(), plan, unwatched)


def test_a_bundle_of_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedBundle, match="no extractor"):
        make_mirror(made.picture_bundle(tmp_path / "p"), battery.material(), asked(tmp_path / "o"), unwatched)
