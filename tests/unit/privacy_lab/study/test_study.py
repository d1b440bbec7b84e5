"""A study of a made task, whole: four embeddings trained, attacked and written down."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

pytest.importorskip("torch")

from models.certificate import DeviceCost, EdgeCost, edge_figures
from models.reading import load_certificate
from privacy_lab.certify.page import render_page
from privacy_lab.devices import CPU
from privacy_lab.errors import BadData
from privacy_lab.study.payloads import payloads_of
from privacy_lab.study.results import Results, TaskResult, read_results
from privacy_lab.study.task import EMBEDDINGS, Places, Study
from privacy_lab.study.write import write_study
from tests.unit.privacy_lab import made
from tests.unit.privacy_lab.battery import made as battery

COST = DeviceCost(
    load_seconds=0.003,
    resident_mib=1.25,
    milliseconds_a_region=0.5,
    process_load_seconds=0.2,
    process_resident_mib=60.0,
)


def weighed(
    *_: object, repetitions: int = 7, torch: bool = True
) -> tuple[EdgeCost, dict[str, tuple[float, float]]]:
    """No processes of their own: what the study does with a cost is tested here, not the cost."""
    edge = EdgeCost(extractor=COST, whole=COST)
    return edge, {name: (value, value) for name, value in edge_figures(edge).items()}


def study(folder: Path, data: Path) -> Study:
    places = Places(folder, folder / "bundles", folder / "attacks")
    plan = battery.plan("decoder", "retrieval", "rank-privacy", seeds=(0, 1))
    return Study(made.recipe("ours"), data, places, plan, device=CPU, weigh=weighed)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made.data_folder(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("study")


@pytest.fixture(scope="module")
def done(folder: Path, data: Path) -> tuple[Study, TaskResult]:
    run = study(folder, data)
    return run, run.run("penumbra lab study tiny")


@pytest.fixture(scope="module")
def task(done: tuple[Study, TaskResult]) -> TaskResult:
    return done[1]


def test_four_embeddings_are_attacked_on_the_same_pictures(task: TaskResult) -> None:
    assert tuple(found.embedding for found in task.embeddings) == EMBEDDINGS
    assert len({found.battery.fairness.attacked for found in task.embeddings}) == 1
    assert len({tuple(card.sha256 for card in found.battery.data) for found in task.embeddings}) == 1
    assert all(found.battery.seeds == (0, 1) for found in task.embeddings)
    sent = {found.embedding: (found.numbers, found.payload_bytes) for found in task.embeddings}
    # Three numbers: as floats by PCA, as bytes by ours; a layer's whole activation by the others.
    assert sent["advanced"] == (3, 12)
    assert sent["ours"] == (3, 3)
    assert sent["simple"] == sent["siamese"] == (8 * 2 * 2, 2 * 8 * 2 * 2)


def test_the_edges_share_counts_the_projection_too(task: TaskResult) -> None:
    simple, advanced = task.embeddings[0].burden, task.embeddings[2].burden
    assert advanced.parameters > simple.parameters
    assert advanced.multiply_adds - simple.multiply_adds == advanced.parameters - simple.parameters
    assert simple.parameters < simple.parameters_whole
    assert simple.multiply_adds < simple.multiply_adds_whole


def test_every_layer_but_the_last_is_cut_once(task: TaskResult) -> None:
    assert [layer.layer for layer in task.layers] == ["stem", "stage1", "stage2", "stage3", "pool"]
    shares = [layer.burden.multiply_adds for layer in task.layers]
    assert shares == sorted(shares)
    assert [point.k for point in task.sweep] == list(range(1, 17))


def test_a_study_that_was_done_is_read_from_its_folder(folder: Path, data: Path, task: TaskResult) -> None:
    def kept() -> dict[Path, int]:
        return {
            path: path.stat().st_mtime_ns
            for path in folder.rglob("*")
            if path.suffix in {".safetensors", ".npz"}
        }

    before = kept()
    assert study(folder, data).run("penumbra lab study tiny") == task
    assert kept() == before


def test_what_is_written_reads_back_and_keeps_other_tasks(tmp_path: Path, task: TaskResult) -> None:
    other = msgspec.structs.replace(task, task="other")
    write_study(other, tmp_path)
    written = write_study(task, tmp_path)
    assert all(path.is_file() for path in written)
    assert read_results(tmp_path / "embeddings.json") == Results(tasks={"other": other, task.task: task})
    page = (tmp_path / "embeddings.md").read_text()
    best = task.embeddings[3].battery.strongest_ssim
    assert best is not None
    assert f"{best.value:.3f} ({best.low:.3f} to {best.high:.3f})" in page
    for plot in tmp_path.glob("tiny-*.svg"):
        assert plot.read_text().endswith("</svg>\n")
        assert plot.name in page


def test_no_picture_is_among_what_is_written(tmp_path: Path, task: TaskResult) -> None:
    for path in write_study(task, tmp_path):
        assert path.suffix in {".json", ".md", ".svg"}
        assert "data:image" not in path.read_text()


def test_the_recipes_own_embedding_is_certified(folder: Path, task: TaskResult) -> None:
    manifest, certificate = load_certificate(folder / "bundles" / "tiny")
    assert certificate is not None
    ours = task.embeddings[3].battery
    assert (manifest.embedding, certificate.bundle) == ("ours", ours.bundle)
    assert ours.strongest_ssim is not None
    assert certificate.ssim == pytest.approx(ours.strongest_ssim.value, abs=1e-5)
    assert load_certificate(folder / "bundles" / "tiny-simple")[1] is None


def test_the_page_shows_every_embedding_below_the_same_originals(done: tuple[Study, TaskResult]) -> None:
    facts = done[0].page(done[1])
    assert [row.name for row in facts.reconstructed[:4]] == list(EMBEDDINGS)
    assert all(row.pictures.shape == facts.originals.shape for row in facts.reconstructed)
    assert [line.name for line in facts.embeddings] == list(EMBEDDINGS)
    assert [line.name for line in facts.layers] == ["stem", "stage1", "stage2", "stage3", "pool"]
    text = render_page(facts)
    assert "http://" not in text.replace("http://www.w3.org", "")


def test_results_of_another_form_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "embeddings.json").write_text('{"tasks": 3}')
    with pytest.raises(BadData, match=r"embeddings\.json"):
        read_results(tmp_path / "embeddings.json")


def test_payloads_are_counted_with_their_entropy() -> None:
    numbers = np.array([[0, 1], [0, 1], [1, 0], [1, 1]], np.float32)
    found = payloads_of(numbers)
    assert (found.regions, found.distinct, found.bits) == (4, 3, 1.5)
    assert payloads_of(np.zeros((5, 2), np.float32)).bits == 0
