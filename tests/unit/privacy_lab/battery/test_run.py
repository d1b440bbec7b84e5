import dataclasses

import msgspec
import numpy as np
import pytest

from privacy_lab.battery.people import IDENTITY
from privacy_lab.battery.plan import ATTACKS, Plan
from privacy_lab.battery.reconstruction import RECONSTRUCTIONS, references_of, shown
from privacy_lab.battery.records import Battery, encode_battery
from privacy_lab.battery.run import run_battery
from privacy_lab.data.dataset import UNKNOWN, Regions
from privacy_lab.data.material import Material
from privacy_lab.errors import LabError
from tests.unit.privacy_lab.battery import made

REFERENCES = {"class-mean", "answer-alone", "answer-alone-structural"}
PEOPLE = ("retrieval", "verification", "rank-privacy", "log-rank")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return run_battery(
        made.brightness(), made.material(), made.plan(seeds=(0, 1)), tmp_path_factory.mktemp("b")
    )


def unlabelled(material: Material) -> Material:
    def bare(regions: Regions) -> Regions:
        return Regions(regions.images, np.full_like(regions.labels, UNKNOWN), regions.identities)

    return Material(bare(material.auxiliary), bare(material.attacked), bare(material.gallery), material.cards)


def test_every_attack_is_recorded_beside_its_references(whole):
    names = [record.name for record in whole.battery.records]
    assert sorted(names) == sorted([*ATTACKS, *REFERENCES])
    assert whole.battery.skipped == ()
    for record in whole.battery.records:
        assert record.seeds == (0, 1)
        assert all(figure.low <= figure.value <= figure.high for figure in record.figures.values())


def test_the_strongest_reconstruction_leads(whole):
    battery = whole.battery
    ssim = {r.name: r.figures["ssim"].value for r in battery.records if r.kind == "reconstruction"}
    tried = {name: value for name, value in ssim.items() if name not in REFERENCES}
    assert battery.strongest == max(tried, key=tried.get)
    assert battery.strongest_ssim.value == max(tried.values())
    assert battery.floor.value == ssim["class-mean"]
    assert battery.answer_alone.value == max(ssim["answer-alone"], ssim["answer-alone-structural"])
    assert battery.over_floor.value == pytest.approx(max(tried.values()) - ssim["class-mean"])


def test_the_headline_of_identities_is_that_within_one_label(whole):
    battery = whole.battery
    within = battery.record("retrieval-within-label")
    assert battery.identity_rank1 == within.figures["rank1"]
    assert battery.identity_rank1_chance.value == pytest.approx(1 / 3)
    tries = [
        f.value for name, f in within.figures.items() if name.startswith("rank1/") and "chance" not in name
    ]
    assert battery.identity_rank1.value == max(tries)
    assert battery.accuracy.value > 0.9
    # At the paper's balance of two labels, not at this set's own.
    paper, own = battery.record("rank-privacy-79"), battery.record("rank-privacy")
    assert battery.rank_privacy == paper.figures["privacy"]
    assert battery.rank_privacy_ceiling == paper.figures["ceiling"]
    assert battery.rank_privacy_ceiling.value == pytest.approx((0.79**2 + 0.21**2) / 2, abs=0.02)
    assert own.figures["ceiling"].value == pytest.approx(0.25 + 1 / 240)


def test_pictures_to_look_at_are_kept_for_every_attack(whole):
    assert set(whole.samples) == {"original", *REFERENCES, *RECONSTRUCTIONS}
    assert all(images.shape == (12, made.SIDE, made.SIDE, 3) for images in whole.samples.values())
    assert all(images.dtype == np.uint8 for images in whole.samples.values())


@pytest.mark.parametrize("n", [0, 1, 5, 12, 13, 100])
def test_pictures_to_look_at_are_spread_over_all_that_were_attacked(n: int) -> None:
    chosen = shown(n)
    assert len(chosen) == len(set(chosen)) == min(n, 12)
    assert chosen == sorted(chosen)
    assert chosen[:1] + chosen[-1:] == ([0, n - 1] if n else [])


def test_the_record_reads_back_as_it_was_written(whole):
    assert msgspec.json.decode(encode_battery(whole.battery), type=Battery) == whole.battery


def test_an_extractor_that_sends_every_pixel_is_read_back(tmp_path):
    plan = made.plan("rmle", "retrieval", seeds=(0,), iterations=100)
    battery = run_battery(made.everything(), made.material(), plan, tmp_path).battery
    assert battery.strongest_ssim.value > 0.95
    assert battery.over_floor.low > 0.2
    assert battery.identity_rank1.value > 0.95


def test_an_extractor_that_sends_nothing_falls_to_the_floor_and_to_chance(tmp_path):
    plan = made.plan("decoder", "rank-privacy", "retrieval", seeds=(0, 1))
    battery = run_battery(made.nothing(), made.material(), plan, tmp_path).battery
    assert battery.over_floor.value == pytest.approx(0, abs=0.02)
    assert battery.identity_rank1.value == pytest.approx(battery.identity_rank1_chance.value)
    own = battery.record("rank-privacy").figures["privacy"]
    assert own.value == pytest.approx(0.5 * 121 / 120)
    # At 79 % there are fewer records, so that the half rank of a tie weighs more.
    assert battery.rank_privacy.value == pytest.approx(0.5, abs=0.01)
    assert battery.accuracy.value == 0.5


def test_an_interrupted_battery_goes_on_where_it_stopped(tmp_path):
    done: list[tuple[str, int]] = []

    def stop(attack: str, seed: int, share: float) -> None:
        if share == 1.0 and (not done or done[-1] != (attack, seed)):
            done.append((attack, seed))
            if attack == "decoder" and seed == 1:
                raise KeyboardInterrupt

    plan = made.plan("decoder", "retrieval-all", seeds=(0, 1))
    with pytest.raises(KeyboardInterrupt):
        run_battery(made.brightness(), made.material(), plan, tmp_path, stop)
    kept = {path.name: path.read_bytes() for path in tmp_path.rglob("*.json")}
    assert {name.split("-0-")[0] for name in kept if "-0-" in name} >= {
        "decoder",
        "class-mean",
        "retrieval-all",
    }
    times = {path.name: path.stat().st_mtime_ns for path in tmp_path.rglob("*.json")}
    resumed = run_battery(made.brightness(), made.material(), plan, tmp_path).battery
    assert all(
        path.stat().st_mtime_ns == times[path.name] for path in tmp_path.rglob("*.json") if path.name in times
    )
    assert resumed == run_battery(made.brightness(), made.material(), plan, tmp_path / "afresh").battery


def test_other_pictures_or_another_bundle_are_not_taken_for_the_same(tmp_path):
    plan = made.plan("retrieval-all", seeds=(0,))
    run_battery(made.brightness(), made.material(), plan, tmp_path)
    run_battery(made.brightness(), made.material(each=19), plan, tmp_path)
    run_battery(dataclasses.replace(made.brightness(), bundle="f" * 16), made.material(), plan, tmp_path)
    assert len(list(tmp_path.iterdir())) == 3


def test_attacks_whose_adversary_lacks_something_are_left_out_with_a_reason(tmp_path):
    target = made.brightness()
    blind = dataclasses.replace(target.victim, front=None, back=None, analyze=None)
    plan = made.plan("rmle", "shadow", "decoder", seeds=(0,))
    battery = run_battery(dataclasses.replace(target, victim=blind), made.material(), plan, tmp_path).battery
    assert {skipped.name for skipped in battery.skipped} == {"rmle", "shadow"}
    assert all(skipped.reason for skipped in battery.skipped)
    assert battery.strongest == "decoder"
    assert battery.accuracy is None


def test_pictures_of_nobody_leave_out_what_needs_people(tmp_path):
    material = dataclasses.replace(made.material(), gallery=None)
    battery = run_battery(made.brightness(), material, made.plan(*PEOPLE, seeds=(0,)), tmp_path).battery
    assert {skipped.name for skipped in battery.skipped} == set(IDENTITY) - {
        "rank-privacy",
        "rank-privacy-79",
    }
    assert battery.identity_rank1 is None
    assert battery.rank_privacy is not None


def test_too_few_pictures_of_people_are_named_with_both_numbers(tmp_path):
    plan = made.plan("log-rank", "retrieval-all", seeds=(0,))
    battery = run_battery(made.brightness(), made.material(each=18), plan, tmp_path).battery
    (skipped,) = battery.skipped
    assert (skipped.name, skipped.found, skipped.needed) == ("log-rank", 0, 2)
    assert battery.record("retrieval-all") is not None


def test_unknown_labels_are_replaced_by_what_the_bundle_answers(tmp_path):
    material, plan = made.material(), made.plan("retrieval-within-label", "rank-privacy", seeds=(0,))
    battery = run_battery(made.brightness(), unlabelled(material), plan, tmp_path).battery
    assert battery.identity_rank1_chance.value == pytest.approx(1 / 3)
    assert battery.accuracy is None
    own = battery.record("rank-privacy").figures["ceiling"]
    assert own.value == pytest.approx(0.25 + 1 / 240, abs=0.02)


def test_a_clients_gallery_may_hold_people_of_the_attackers_half(tmp_path):
    material = made.material()
    own = dataclasses.replace(material, gallery=material.auxiliary)
    plan = made.plan("retrieval-all", seeds=(0,))
    battery = run_battery(made.everything(), own, plan, tmp_path).battery
    assert battery.record("retrieval-all").figures["rank1"].value > 0.95


def test_the_structural_reference_is_made_beside_its_attack_alone():
    attack = made.plan("structural", seeds=(0,))
    assert (attack.units, made.plan("decoder", seeds=(0,)).units) == (4, 3)
    assert references_of(["decoder", "structural"]) == (
        "class-mean",
        "answer-alone",
        "answer-alone-structural",
    )
    assert references_of(["decoder"]) == ("class-mean", "answer-alone")


def test_only_names_attacks_or_groups_of_them():
    plan = Plan(only=("retrieval", "decoder"))
    wanted = [name for name in ATTACKS if plan.wants(name)]
    assert wanted == ["decoder", "retrieval-within-label", "retrieval-all"]
    with pytest.raises(LabError, match=r"guessing: no such attack. There are decoder, rmle"):
        Plan(only=("decoder", "guessing"))
    with pytest.raises(LabError, match="0 seeds"):
        Plan(seeds=())
