"""What leaves, and what attackers got out of it, stands on /metrics."""

from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from broker.address import BrokerAddress
from feature_node.extractor import Profile
from feature_node.settings import EdgeSettings
from feature_node.shown import show_extractor
from models.certificate import SHARES, encode_certificate
from models.manifest import CERTIFICATE
from models.reading import load_manifest
from monitoring.metrics import CERTIFICATE_FIGURE
from tests.unit.models import made, noisy

HERE = BrokerAddress(host="127.0.0.1", port=1)


@pytest.fixture(autouse=True)
def nothing_shown() -> None:
    CERTIFICATE_FIGURE.clear()


def certified(path: Path) -> Path:
    """A bundle with a certificate in which every figure was measured."""
    manifest = load_manifest(made.bundle(path))
    (path / CERTIFICATE).write_bytes(encode_certificate(made.certificate(manifest)))
    return path


def settings(bundle: Path | None, **changes: object) -> EdgeSettings:
    fields = {"site": "home", "private": HERE, "cloud": HERE, "key_file": Path("key"), "bundle": bundle}
    return EdgeSettings(**(fields | changes))


def profile(kind: str = "embedding") -> Profile:
    return Profile(bundle="0" * 16, kind=kind, task="which", region_bytes=4, needs_faces=False)


def info(**labels: str) -> float | None:
    return REGISTRY.get_sample_value(
        "penumbra_extractor_info", {"bundle": "0" * 16, "task": "which"} | labels
    )


def figure(name: str) -> float | None:
    return REGISTRY.get_sample_value("penumbra_certificate_figure", {"figure": name})


def test_a_certified_bundle_shows_its_figures_and_no_costs(tmp_path: Path) -> None:
    path = certified(tmp_path / "tiny")
    show_extractor(settings(path), profile())
    assert info(name="tiny", kind="embedding", noise="none") == 1
    assert figure("ssim_over_floor") == 0.02
    assert {name for name in SHARES if figure(name) is not None} == set(SHARES)
    assert figure("payload_bytes") is None


def test_a_bundle_with_noise_and_without_certificate_shows_the_noise_alone(tmp_path: Path) -> None:
    path = made.bundle(tmp_path / "tiny", noise=noisy.L1)
    show_extractor(settings(path), profile())
    assert info(name="tiny", kind="embedding", noise=load_manifest(path).noise.mechanism) == 1
    assert all(figure(name) is None for name in SHARES)


def test_shaded_pictures_have_no_figures() -> None:
    show_extractor(settings(None, extractor="shade"), profile("picture"))
    assert info(name="shade", kind="picture", noise="none") == 1
    assert all(figure(name) is None for name in SHARES)


def test_a_damaged_certificate_is_not_shown_and_stops_nothing(tmp_path: Path) -> None:
    path = certified(tmp_path / "tiny")
    (path / CERTIFICATE).write_bytes(b"{")
    show_extractor(settings(path), profile())
    assert all(figure(name) is None for name in SHARES)
