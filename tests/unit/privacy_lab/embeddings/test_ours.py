"""Our embedding learns the task through few payloads, says little beyond it, and can be taken up again."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from privacy_lab.checkpoints import same  # noqa: E402
from privacy_lab.embeddings.answers import analyze, distinct, release, right  # noqa: E402
from privacy_lab.embeddings.parts import read_parts  # noqa: E402
from privacy_lab.embeddings.stages import Stages  # noqa: E402
from privacy_lab.recipe import DefenceWeights, Recipe  # noqa: E402
from tests.unit.privacy_lab import made  # noqa: E402

ALL = DefenceWeights(rate=0.01, excess=0.01, decoder=0.1, identity=0.1, distance=0.1)


def plan(**changes: object) -> Recipe:
    recipe = made.recipe("ours", epochs=6)
    return msgspec.structs.replace(recipe, ours=msgspec.structs.replace(recipe.ours, **changes))


class CutOffError(Exception):
    pass


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made.data_folder(tmp_path_factory.mktemp("data"))


def test_a_run_cut_off_ends_with_the_same_weights_adversaries_included(tmp_path: Path, data: Path) -> None:
    recipe = plan(epochs=4, defences=ALL)
    parts = read_parts(recipe, data)

    def cut_off(stage: str, _epochs: int, now: object) -> None:
        if stage == "ours" and now.epoch == 2:
            raise CutOffError

    expected = Stages(recipe, parts, folder=tmp_path / "whole").ours().state_dict()
    with pytest.raises(CutOffError):
        Stages(recipe, parts, folder=tmp_path / "cut", watch=cut_off).ours()
    seen: list[tuple[str, int]] = []
    resumed = Stages(
        recipe, parts, folder=tmp_path / "cut", watch=lambda stage, _, now: seen.append((stage, now.epoch))
    ).ours()
    assert seen == [("ours", 3), ("ours", 4)]
    assert same(resumed.state_dict(), expected)


def test_the_price_of_bits_leaves_fewer_payloads_that_still_answer(tmp_path: Path, data: Path) -> None:
    counts, shares = [], []
    for defences in (DefenceWeights(), DefenceWeights(rate=0.1, excess=0.5)):
        recipe = plan(epochs=30, rate=0.01, defences=defences)
        stages = Stages(recipe, read_parts(recipe, data), folder=tmp_path)
        halves, regions = stages.halves("ours"), stages.examples.regions
        codes = release(halves, regions.images, recipe.input)
        counts.append(distinct(codes))
        shares.append(right(analyze(halves.back, codes), regions.labels) / len(regions))
    assert counts[1] < counts[0]
    assert min(shares) > 0.9


def test_the_halves_answer_as_the_network_that_was_trained(tmp_path: Path, data: Path) -> None:
    recipe = plan()
    stages = Stages(recipe, read_parts(recipe, data), folder=tmp_path)
    coded, halves = stages.ours(), stages.halves("ours")
    pictures = torch.from_numpy(np.random.default_rng(0).normal(size=(9, 3, 16, 16)).astype(np.float32))
    with torch.no_grad():
        numbers, code = coded.encode(pictures)
        assert torch.allclose(halves.front(pictures), numbers, atol=1e-5)
        assert torch.allclose(halves.back(code), coded(pictures), atol=1e-5)
    assert halves.output.region_bytes == recipe.code.numbers
