"""Who pools what a plan gave them holds no more than the cap, if the plan was made against as many."""

from pathlib import Path

import pytest

pytest.importorskip("torch")

from feature_node.errors import BadSettings
from models.catalogue import find
from models.reading import load_manifest
from penumbra.lab_colluding import Asked, collusion_table, union_under
from privacy_lab.placement.caps_attacked import CapAttacked
from privacy_lab.placement.collusion import CollusionAttacked, union_of
from tests.unit.feature_node.distributed.tables import table_of, write_table

BUNDLE = "gender-ours"
CAP = 16


def asked(folder: Path, helpers: int, together: int = 2) -> Asked:
    table = write_table(folder / "table.json", table_of(find(BUNDLE), CAP))
    return Asked(find(BUNDLE), load_manifest(find(BUNDLE)), table, helpers, together)


def test_a_plan_against_colluders_keeps_their_union_to_the_cap(tmp_path) -> None:
    against_one = union_under(asked(tmp_path, 8), 0.4, against=1)
    assert max(map(len, against_one.values())) > CAP
    against_two = union_under(asked(tmp_path, 8), 0.4, against=2)
    assert against_two
    assert max(map(len, against_two.values())) <= CAP
    assert all(list(maps) == sorted(set(maps)) for maps in against_two.values())


def test_too_few_helpers_for_a_cap_are_refused_before_anything_is_attacked(tmp_path) -> None:
    with pytest.raises(BadSettings, match="add helpers"):
        union_under(asked(tmp_path, 3), 0.4, against=1)


def test_those_pool_who_hold_most_of_the_first_layer() -> None:
    helpers = [{"b": (0, 1)}, {"a": (0,), "b": (2,)}, {"a": (1, 2)}, {"a": (3, 4, 5), "b": (3,)}]
    assert union_of(helpers, 2, ("a", "b")) == {"a": (1, 2, 3, 4, 5), "b": (3,)}
    assert union_of(helpers, 1, ("b", "a")) == {"b": (0, 1)}


def test_the_table_says_who_pooled() -> None:
    row = CollusionAttacked(
        network="n", data="d", helpers=8, planned=1, together=2, found=CapAttacked(0.7, {"a": 32})
    )
    assert collusion_table([row]).row_count == 1
