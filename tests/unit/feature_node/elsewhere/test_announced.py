"""The record of what Home Assistant was told: it survives, is its owner's alone, and may be damaged."""

import stat
from pathlib import Path

import pytest

from feature_node.elsewhere.announced import MAX_BYTES, Announced
from feature_node.errors import BadSettings


def test_what_was_announced_is_known_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "home.json"
    first = Announced(path)
    assert first.cameras == frozenset()
    for camera in ("yard", "front", "yard"):
        first.add(camera)
    first.remove("front")
    first.remove("never")
    assert Announced(path).cameras == {"yard"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["home.json"]


@pytest.mark.parametrize(
    "content", [b"", b"{", b"{}", b'["Front Door"]', b"[1]", b'["' + b"a" * MAX_BYTES + b'"]']
)
def test_a_damaged_record_says_what_to_do(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "home.json"
    path.write_bytes(content)
    with pytest.raises(BadSettings, match=r"home\.json: the list .* is damaged .* Remove it"):
        Announced(path)


def test_a_record_that_cannot_be_kept_is_said(tmp_path: Path) -> None:
    path = tmp_path / "file" / "home.json"
    announced = Announced(path)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BadSettings, match="cannot be written"):
        announced.add("yard")
    assert announced.cameras == frozenset()
    with pytest.raises(BadSettings, match="cannot be read"):
        Announced(path)
