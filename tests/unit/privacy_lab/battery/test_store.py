import numpy as np
import pytest

from privacy_lab.battery.store import Store, digest_of


class Maker:
    def __init__(self) -> None:
        self.times = 0

    def __call__(self):
        self.times += 1
        return {"a": np.arange(3.0), "b/c": np.ones((2, 2), np.uint8)}


def test_what_is_kept_is_not_made_again(tmp_path):
    maker = Maker()
    for _ in range(2):
        arrays = Store(tmp_path, "subject").fetch("attack", 1, {"rate": 0.1}, maker)
    assert maker.times == 1
    assert arrays["a"].tolist() == [0, 1, 2]
    assert arrays["b/c"].dtype == np.uint8


@pytest.mark.parametrize(
    "other",
    [("attack", 2, {"rate": 0.1}), ("other", 1, {"rate": 0.1}), ("attack", 1, {"rate": 0.2})],
)
def test_another_attack_seed_or_setting_is_another_unit(tmp_path, other):
    maker, store = Maker(), Store(tmp_path, "subject")
    store.fetch("attack", 1, {"rate": 0.1}, maker)
    store.fetch(*other, maker)
    assert maker.times == 2


def test_another_subject_is_another_unit(tmp_path):
    maker = Maker()
    Store(tmp_path, "one").fetch("attack", 1, {}, maker)
    Store(tmp_path, "two").fetch("attack", 1, {}, maker)
    assert maker.times == 2


@pytest.mark.parametrize("suffix", [".json", ".npz"])
@pytest.mark.parametrize("damage", ["cut", "changed", "gone", "empty", "another's"])
def test_damaged_files_are_made_again(tmp_path, suffix, damage):
    maker, store = Maker(), Store(tmp_path, "subject")
    store.fetch("attack", 1, {}, maker)
    path = store.path("attack", 1, {}).with_suffix(suffix)
    data = path.read_bytes()
    changed = bytes([data[0] ^ 1]) + data[1:]
    harm = {"cut": data[:-9], "changed": changed, "empty": b"", "another's": b"{}"}
    path.write_bytes(harm[damage]) if damage in harm else path.unlink()
    assert store.fetch("attack", 1, {}, maker)["a"].tolist() == [0, 1, 2]
    assert maker.times == 2
    store.fetch("attack", 1, {}, maker)
    assert maker.times == 2


def test_an_attack_that_is_interrupted_leaves_nothing_behind(tmp_path):
    store = Store(tmp_path, "subject")

    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.fetch("attack", 1, {}, interrupted)
    assert not list(tmp_path.rglob("*.*"))


def test_a_digest_tells_arrays_apart_by_value_shape_and_type():
    array = np.arange(4)
    digests = {
        digest_of({"a": array}),
        digest_of({"b": array}),
        digest_of({"a": array + 1}),
        digest_of({"a": array.reshape(2, 2)}),
        digest_of({"a": array.astype(np.int32)}),
        digest_of({"a": array}, "more"),
    }
    assert len(digests) == 6
    assert digest_of({"a": array}) == digest_of({"a": array.copy()})
