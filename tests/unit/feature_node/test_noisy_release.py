"""An edge with a bundle made for noise: what it declares, what is read of it, and when it does not start."""

import importlib
import time

import cv2
import numpy as np
import pytest

from broker.address import BrokerAddress
from broker.features import Features, decode_features
from broker.frames import Frame
from feature_node.assembly import assemble
from feature_node.box import Box
from feature_node.errors import BadNoise, BadSettings, PolicyUnmet, Withheld
from feature_node.extractor import Embedded
from feature_node.intake import Item
from feature_node.noise_settings import NoiseSettings, noise_of
from feature_node.policy import Policy
from feature_node.protect import NumbersProtection, contract_of
from feature_node.release.chains import chain_of
from feature_node.settings import EdgeSettings, decode_settings, encode_settings
from feature_node.threads import Threads
from models.bundle import load_analyzer
from models.manifest import NoiseSpec, RegionSpec
from models.reading import load_manifest
from tests.unit.feature_node.fakes import OUTPUT, PROFILE, FixedDetector, FixedExtractor, frame, running
from tests.unit.models import made, noisy

LOCAL = BrokerAddress(host="127.0.0.1", port=1883)


def settings(tmp_path, own: NoiseSpec | None, **changes) -> EdgeSettings:
    """An edge with a tiny bundle that carries `own` noise."""
    described = {} if own is None else {"noise": own}
    bundle = made.bundle(tmp_path / "tiny", region=RegionSpec("whole"), **described)
    fields = {
        "site": "home",
        "private": LOCAL,
        "cloud": LOCAL,
        "key_file": tmp_path / "key",
        "bundle": bundle,
    }
    return EdgeSettings(**(fields | changes))


def item(camera: str = "yard") -> Item:
    data = cv2.imencode(".jpg", np.full((48, 64, 3), 99, np.uint8))[1].tobytes()
    return Item(Frame(camera, 1, 0, time.time_ns(), "synchronised", "wait", 64, 48, data), len(data), 0)


async def released(wanted: EdgeSettings, count: int = 1) -> list[Features]:
    """What the gate lets through of the same picture, from so many cameras: none repeats another's."""
    async with Threads(1) as threads:
        way = assemble(wanted, threads).way
        features = []
        for number in range(count):
            it = item(f"yard{number}")
            features.append(decode_features((await way.release(it)).sealed.wire))
            it.passed()
        return features


async def refused(wanted: EdgeSettings, error: type[Exception], why: str) -> None:
    async with Threads(1) as threads:
        with pytest.raises(error, match=why) as refusal:
            assemble(wanted, threads)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(("noise", "mechanism", "one", "joint"), noisy.EACH)
async def test_a_message_declares_what_was_done_and_both_epsilons(tmp_path, noise, mechanism, one, joint):
    wanted = settings(tmp_path, noise)
    (features,) = await released(wanted)
    assert features.protection.mechanism == mechanism
    assert features.protection.epsilon_per_coordinate == one
    assert features.protection.epsilon_joint == joint
    assert features.protection.delta == noise.delta
    assert [len(region) for region in features.regions] == [4]
    answers = load_analyzer(wanted.bundle).analyze(features.regions)
    assert answers[0][0] in ("this", "that")


@pytest.mark.parametrize("noise", [noisy.PUBLISHED, noisy.L1, noisy.L2])
async def test_the_same_picture_gets_other_noise_each_time(tmp_path, noise):
    several = await released(settings(tmp_path, noise), 8)
    assert len({features.regions for features in several}) > 1


async def test_without_noise_the_same_picture_is_the_same_payload(tmp_path):
    several = await released(settings(tmp_path, None), 3)
    assert len({features.regions for features in several}) == 1
    assert several[0].protection.epsilon_joint is None


async def test_a_site_sets_another_amount(tmp_path):
    wanted = settings(tmp_path, noisy.L2, noise=NoiseSettings(epsilon_joint=0.5, delta=1e-6))
    assert decode_settings(encode_settings(wanted)) == wanted
    (features,) = await released(wanted)
    assert features.protection.epsilon_joint == 0.5
    described = load_manifest(wanted.bundle)
    assert noise_of(described, wanted.noise).delta == 1e-6
    assert noise_of(described, NoiseSettings(epsilon_joint=0.5)).delta == 1e-5
    assert noise_of(described, None) == noisy.L2


async def test_noise_that_cannot_be_had_is_no_edge(tmp_path):
    joint, one = NoiseSettings(epsilon_joint=1.0), NoiseSettings(epsilon_per_coordinate=1.0)
    for number, (noise, asked, why) in enumerate(
        (
            (
                None,
                joint,
                r"edge\.noise: tiny was made without noise, so nothing bounds its numbers\. Name a",
            ),
            (noisy.L1, one, r"the noise of tiny \(laplace-l1\) is set by epsilon_joint\. Write that"),
            (noisy.PUBLISHED, joint, r"\(laplace\) is set by epsilon_per_coordinate"),
            (noisy.L1, NoiseSettings(epsilon_joint=1.0, delta=1e-5), r"edge\.noise\.delta: .* has none"),
        )
    ):
        await refused(settings(tmp_path / str(number), noise, noise=asked), BadNoise, why)


async def test_few_numbers_need_opendp_and_the_edge_does_not_start_without(tmp_path, monkeypatch):
    real = importlib.import_module

    def absent(name: str, package: str | None = None):
        if name.startswith("opendp"):
            raise ImportError(name)
        return real(name, package)

    monkeypatch.setattr(importlib, "import_module", absent)
    for noise in (noisy.L1, noisy.L2):
        wanted = settings(tmp_path / noise.mechanism, noise)
        await refused(
            wanted, BadNoise, r"OpenDP's, which is not installed\. Run: pip install 'penumbra\[dp\]'"
        )


@pytest.mark.parametrize(
    ("noise", "limit", "why"),
    [
        (None, 8.0, r"\(clip\+int8\) does not meet .* no joint guarantee, and epsilon_joint of at most 8"),
        (
            noisy.L1,
            7.5,
            r"epsilon_joint of one region is 8, at most 7\.5 a message is allowed\. Nothing was sent",
        ),
        (noisy.PUBLISHED, 7.5, r"epsilon_joint of one region is 8, at most 7\.5"),
    ],
)
async def test_a_policy_may_demand_a_joint_guarantee(tmp_path, noise, limit, why):
    await refused(settings(tmp_path, noise, policy=Policy(max_epsilon_joint=limit)), PolicyUnmet, why)


async def test_a_policy_that_is_met_lets_messages_through(tmp_path):
    (features,) = await released(settings(tmp_path, noisy.L1, policy=Policy(max_epsilon_joint=8.0)))
    assert features.protection.epsilon_joint == 8.0


async def test_shaded_pictures_have_no_joint_guarantee(tmp_path):
    shade = {"extractor": "shade", "bundle": None}
    await refused(
        settings(tmp_path, None, policy=Policy(max_epsilon_joint=8.0), **shade), PolicyUnmet, "shade-"
    )
    with pytest.raises(BadSettings, match=r"edge\.noise: a shaded picture gets none"):
        settings(tmp_path, None, noise=NoiseSettings(epsilon_joint=1.0), **shade)


@pytest.mark.parametrize("bad", [0.0, -1.0, float("nan"), float("inf")])
@pytest.mark.parametrize("name", ["epsilon_joint", "epsilon_per_coordinate", "delta"])
def test_an_amount_that_promises_nothing_is_refused(name, bad):
    with pytest.raises(BadSettings, match=rf"edge\.noise\.{name}: {bad!r} is not a finite number above zero"):
        NoiseSettings(**({"epsilon_joint": 1.0} | {name: bad}))


@pytest.mark.parametrize(
    "amounts", [{}, {"delta": 1e-5}, {"epsilon_joint": 1.0, "epsilon_per_coordinate": 1.0}]
)
def test_one_guarantee_is_asked_for_and_not_two(amounts):
    with pytest.raises(BadSettings, match="epsilon_joint or epsilon_per_coordinate, one of the two"):
        NoiseSettings(**amounts)
    with pytest.raises(BadSettings, match=r"edge\.noise\.delta: 1\.0 is not under 1"):
        NoiseSettings(epsilon_joint=1.0, delta=1.0)


NOISE = NoiseSpec(mechanism="laplace-l1", bound=1.0, epsilon_joint=4.0)


def faces(count: int) -> FixedDetector:
    return FixedDetector(lambda _: tuple(Box(8 + 12 * i, 8, 8, 8) for i in range(count)))


@pytest.mark.parametrize(("count", "joint"), [(0, 0.0), (1, 4.0), (3, 12.0)])
async def test_the_regions_of_a_message_cost_together(count, joint):
    protect = NumbersProtection(chain_of(OUTPUT, NOISE))
    async with running(detector=faces(count), protect=protect) as (bench, send):
        await send(frame())
        (answer,) = await bench.answered(1)
        (features,) = bench.crossed
    assert len(features.regions) == count
    assert (features.protection.epsilon_per_coordinate, features.protection.epsilon_joint) == (4.0, joint)
    assert (answer.protection.epsilon_per_coordinate, answer.protection.epsilon_joint) == (4.0, joint)


async def test_a_message_over_the_joint_limit_stays_where_it_is():
    """Two regions are within it, three are not; the gate itself compares."""
    protect = NumbersProtection(chain_of(OUTPUT, NOISE))
    contract = contract_of(PROFILE, protect, max_epsilon_joint=8.0)
    for count, outcome in ((2, "answered"), (3, "refused")):
        async with running(detector=faces(count), protect=protect, contract=contract) as (bench, send):
            await send(frame())
            (answer,) = await bench.answered(1)
            assert (answer.outcome, len(bench.crossed)) == (outcome, int(outcome == "answered"))
    assert answer.reason == "gate-over-budget"


@pytest.mark.parametrize("bad", [np.nan, np.inf])
async def test_what_is_not_a_number_is_held_back_under_noise_too(bad):
    protect = NumbersProtection(chain_of(OUTPUT, NOISE))
    extractor = FixedExtractor(lambda boxes: Embedded(np.full((len(boxes), 4), bad, np.float32), boxes))
    async with running(extractor=extractor, protect=protect) as (bench, send):
        await send(frame())
        (answer,) = await bench.answered(1)
        assert (answer.outcome, answer.reason) == ("refused", "extractor-failed")
        assert bench.crossed == []


async def test_noise_that_fails_while_it_runs_sends_nothing(monkeypatch):
    chain = chain_of(OUTPUT, NOISE)
    protect = NumbersProtection(chain)
    for step in chain._steps:
        if step.cost.promises:
            monkeypatch.setattr(step._noise, "draw", _no_randomness)
    async with running(protect=protect) as (bench, send):
        await send(frame())
        (answer,) = await bench.answered(1)
        assert (answer.outcome, answer.reason) == ("refused", "internal-error")
        assert bench.crossed == []


def _no_randomness(rows: int, numbers: int):
    raise OSError("no randomness")


async def test_a_share_of_the_input_is_nullified_before_the_network_sees_it(tmp_path):
    """With everything else but at no noise to speak of: the numbers differ from picture to picture alone."""
    quiet = NoiseSpec(mechanism="laplace", bound=4.0, epsilon_per_coordinate=1e6, nullified=0.5)
    several = await released(settings(tmp_path, quiet), 6)
    assert len({features.regions for features in several}) > 1
    none = NoiseSpec(mechanism="laplace", bound=4.0, epsilon_per_coordinate=1e6)
    assert len({features.regions for features in await released(settings(tmp_path / "b", none), 6)}) == 1


async def test_a_picture_that_cannot_be_read_costs_nothing_and_the_next_is_noised(tmp_path):
    async with Threads(1) as threads:
        way = assemble(settings(tmp_path, noisy.L1), threads).way
        damaged = item()
        broken = Item(
            Frame("yard", 1, 0, time.time_ns(), "synchronised", "wait", 64, 48, b"\xff\xd8 no picture"), 13, 0
        )
        with pytest.raises(Withheld):
            await way.release(broken)
        broken.passed()
        assert decode_features((await way.release(damaged)).sealed.wire).protection.epsilon_joint == 8.0
        damaged.passed()
