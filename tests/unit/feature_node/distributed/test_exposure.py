"""What a helper has seen is never forgotten, and a record that cannot be trusted stops the edge."""

import pytest

from feature_node.distributed.exposure import Exposure
from feature_node.errors import BadExposure

NETWORK = "a" * 64


def test_what_was_seen_adds_up_over_restarts(tmp_path) -> None:
    file = tmp_path / "keys" / "seen.json"
    record = Exposure(file, NETWORK)
    record.add({"conv1": {"h1": (0, 3)}, "conv2": {"h2": (1,)}})
    record.add({"conv1": {"h1": (5,)}})
    again = Exposure(file, NETWORK)
    assert again.of("conv1") == {"h1": frozenset({0, 3, 5})}
    assert again.of("conv2") == {"h2": frozenset({1})}


def test_nothing_is_written_where_nothing_is_new(tmp_path) -> None:
    file = tmp_path / "seen.json"
    record = Exposure(file, NETWORK)
    record.add({"conv1": {"h1": (0,)}})
    file.unlink()
    record.add({"conv1": {"h1": (0,)}})
    assert not file.exists()


@pytest.mark.parametrize("content", [b"", b"{}", b'{"network": "b", "layers": {}, "schema": 1}', b"\xff"])
def test_a_damaged_or_foreign_record_is_refused_with_a_remedy(tmp_path, content) -> None:
    file = tmp_path / "seen.json"
    file.write_bytes(content)
    with pytest.raises(BadExposure, match="remove it and give the helpers"):
        Exposure(file, NETWORK)


def test_a_record_that_cannot_be_written_stops_the_plan(tmp_path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    record = Exposure(blocked / "seen.json", NETWORK)
    for _ in range(2):  # also the second time, when nothing of it is new
        with pytest.raises(BadExposure, match="cannot be written"):
            record.add({"conv1": {"h1": (0,)}})
