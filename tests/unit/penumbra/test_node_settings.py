from pathlib import Path

import pytest

from analyzer_node.settings import decode_settings as decode_analyzer
from broker.plain_json import encode_plain
from broker.topic import Role
from camera_node.settings import decode_settings as decode_camera
from feature_node.budget.settings import BudgetSettings
from feature_node.errors import BadNoise, BadSettings, PolicyUnmet
from feature_node.noise_settings import NoiseSettings
from feature_node.policy import Policy
from feature_node.release.mechanism import Cost
from feature_node.settings import decode_settings as decode_edge
from models.errors import BundleNotFound
from penumbra.brokers import ConfiguredBroker, analyzer_names, cloud_accounts, private_accounts
from penumbra.errors import ConfigError
from penumbra.node_settings import (
    RedisPlace,
    analyzer_settings,
    bundle_name,
    camera_settings,
    check_policy,
    edge_settings,
    region_cost,
    shading_note,
    with_node_options,
)
from penumbra.pipeline_file import pipeline_of_flags
from penumbra.pipeline_schema import BrokerEntry, Pipeline
from penumbra.plan import Somewhere, plan
from tests.unit.models import made, noisy


def pipeline(**edge: object) -> Pipeline:
    cameras = {
        "yard": {"source": "/dev/video0", "fps": 5, "size": "640x480"},
        "hall": {"source": "rtsp://u@h/x", "password_env": "HALL", "max_lag": "500ms"},
    }
    return pipeline_of_flags({"private": {"cameras": cameras}, "edge": edge, "cloud": {"analyzers": 2}}, {})


def test_cameras_arrive_as_they_were_written_each_with_its_account() -> None:
    settings = decode_camera(encode_plain(camera_settings(pipeline(), Somewhere())))
    yard, hall = settings.cameras
    assert (yard.name, yard.source, yard.fps, yard.size) == ("yard", "/dev/video0", 5.0, (640, 480))
    assert yard.broker is not None
    assert yard.broker.username == "camera-yard"
    assert (hall.max_lag, hall.password_env) == (0.5, "HALL")


def test_one_camera_may_be_chosen() -> None:
    assert [camera.name for camera in camera_settings(pipeline(), Somewhere(), "hall").cameras] == ["hall"]


def test_the_edge_gets_what_was_written_and_its_own_defaults_otherwise() -> None:
    settings = edge_settings(
        pipeline(regions="whole", hold=7, policy={"require_certificate": True}), Somewhere(), Somewhere()
    )
    assert (settings.regions, settings.hold, settings.policy.require_certificate) == ("whole", 7, True)
    assert settings.dilate == 0.3
    assert settings.bundle is not None
    assert settings.bundle.is_absolute()
    assert settings.private.username == settings.cloud.username == "edge-edge"


def test_a_policy_arrives_as_it_was_written() -> None:
    written = {
        "require_certificate": True,
        "max_ssim_over_floor": 0.02,
        "max_identity_rank1": 0,
        "min_rank_privacy": 0.3,
    }
    settings = decode_edge(encode_plain(edge_settings(pipeline(policy=written), Somewhere(), Somewhere())))
    assert settings.policy == Policy(
        require_certificate=True, max_ssim_over_floor=0.02, max_identity_rank1=0.0, min_rank_privacy=0.3
    )


def test_a_limit_that_cannot_be_meant_is_refused_with_what_can() -> None:
    for key, value in (
        ("max_identity_rank1", 2),
        ("min_rank_privacy", "high"),
        ("max_ssim_over_floor", ".nan"),
    ):
        with pytest.raises(ConfigError, match=f"edge.policy.{key}.*Write a number from 0 to 1"):
            pipeline(policy={key: value})


def test_a_pipeline_whose_bundle_does_not_meet_the_policy_is_refused(tmp_path: Path) -> None:
    bundle = made.certified(tmp_path / "tiny", ssim=0.51)
    check_policy(pipeline(bundle=str(bundle), policy={"require_certificate": True}).edge)
    with pytest.raises(PolicyUnmet, match=r"bundle tiny does not meet .* reaches SSIM 0\.21 over the floor"):
        check_policy(pipeline(bundle=str(bundle), policy={"max_ssim_over_floor": 0.02}).edge)
    with pytest.raises(PolicyUnmet, match="Shading faces"):
        plan(pipeline(extractor="shade", policy={"require_certificate": True}), "up")


def test_an_amount_of_noise_arrives_as_it_was_written(tmp_path: Path) -> None:
    assert edge_settings(pipeline(), Somewhere(), Somewhere()).noise is None
    bundle = made.bundle(tmp_path / "tiny", noise=noisy.L2)
    written = pipeline(bundle=str(bundle), noise={"epsilon_joint": 4, "delta": 1e-6})
    settings = decode_edge(encode_plain(edge_settings(written, Somewhere(), Somewhere())))
    assert settings.noise == NoiseSettings(epsilon_joint=4.0, delta=1e-6)
    assert region_cost(written.edge) == Cost(epsilon_per_coordinate=4.0, epsilon_joint=4.0, delta=1e-6)
    lines = "\n".join(plan(written, "edge"))
    assert "under noise: epsilon_joint 4 at delta 1e-06, epsilon_per_coordinate 4 a region" in lines
    assert "noise" not in "\n".join(plan(pipeline(), "edge"))


@pytest.mark.parametrize(
    ("noise", "why"),
    [
        ({"epsilon_joint": 0}, r"edge.noise.epsilon_joint.*Write a number from 1e-06 to 1e\+09"),
        ({"epsilon_joint": ".nan"}, r"edge.noise.epsilon_joint.*is not an amount of privacy loss"),
        ({"epsilon_joint": 1, "epsilon_per_coordinate": 1}, r"edge.noise.*holds no epsilon or two"),
        ({"delta": 1e-5}, r"edge.noise.*Write epsilon_joint or epsilon_per_coordinate"),
        ({"epsilon_joint": 1, "delta": 1}, r"edge.noise.delta.*Write a number from 1e-18 to 0.1"),
        ({"epsilon": 1}, r"edge.noise: \"epsilon\" is not a key. Did you mean \"epsilon_joint\""),
    ],
)
def test_noise_that_cannot_be_meant_is_refused_with_what_can(noise: dict[str, object], why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        pipeline(noise=noise)


def test_a_budget_arrives_as_it_was_written(tmp_path: Path) -> None:
    assert edge_settings(pipeline(), Somewhere(), Somewhere()).budget == BudgetSettings()
    bundle = str(made.bundle(tmp_path / "tiny", noise=noisy.L1))
    limits = {
        "minute": 40,
        "day": 5000,
        "when_spent": "widen",
        "repeat_unchanged": False,
        "fresh_every": "2s",
    }
    written = pipeline(bundle=bundle, budget=limits, name="yard-edge")
    settings = decode_edge(encode_plain(edge_settings(written, Somewhere(), Somewhere())))
    assert settings.budget == BudgetSettings(
        minute=40, day=5000, when_spent="widen", repeat_unchanged=False, fresh_every=2.0
    )
    assert settings.ledger_file == settings.key_file.parent / "home-yard-edge.ledger.json"
    assert "a region, at most epsilon_joint 40 a minute, 5000 a day of each camera" in "\n".join(
        plan(written, "edge")
    )


@pytest.mark.parametrize(
    ("budget", "why"),
    [
        ({"minute": 0}, r"edge.budget.minute.*is not a sum of epsilon_joint. Write a number from 1e-06"),
        ({"hour": -5}, r"edge.budget.hour.*Write a number"),
        ({"day": ".inf"}, r"edge.budget.day.*Write a number"),
        ({"when_spent": "stop"}, r"edge.budget.when_spent.*Write hold or widen"),
        ({"unchanged_within": 2}, r"edge.budget.unchanged_within.*Write a number from 0 to 1"),
        ({"fresh_every": -1}, r"edge.budget.fresh_every.*is not a length of time"),
        ({"fresh_every": True}, r"edge.budget.fresh_every.*is not a length of time"),
        ({"repeat_unchanged": "maybe"}, r"edge.budget.repeat_unchanged.*Write true or false"),
        ({"week": 1}, r"edge.budget: \"week\" is not a key"),
    ],
)
def test_a_budget_that_cannot_be_meant_is_refused_with_what_can(budget: dict[str, object], why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        pipeline(budget=budget)


def test_a_pipeline_is_refused_whose_budget_cannot_be_kept(tmp_path: Path) -> None:
    plain = str(made.bundle(tmp_path / "plain"))
    noised = str(made.bundle(tmp_path / "noised", noise=noisy.L1))
    check_policy(pipeline(bundle=noised, budget={"minute": 8}).edge)
    for edge, why in (
        ({"bundle": plain, "budget": {"day": 100}}, "The bundle .*plain adds no noise"),
        ({"extractor": "shade", "budget": {"day": 100}}, "Shading faces .* adds no noise"),
        ({"bundle": noised, "budget": {"minute": 7}}, "edge.budget.minute: 7 is too little"),
        (
            {"bundle": noised, "budget": {"day": 8}, "noise": {"epsilon_joint": 9}},
            "edge.budget.day: 8 is too",
        ),
    ):
        with pytest.raises(BadSettings, match=why):
            plan(pipeline(**edge), "up")


def test_a_pipeline_is_refused_whose_noise_cannot_be_had_or_costs_too_much(tmp_path: Path) -> None:
    plain = str(made.bundle(tmp_path / "plain"))
    noised = str(made.bundle(tmp_path / "noised", noise=noisy.L1))
    check_policy(pipeline(bundle=noised, policy={"max_epsilon_joint": 8}).edge)
    with pytest.raises(BadNoise, match="tiny was made without noise"):
        check_policy(pipeline(bundle=plain, noise={"epsilon_joint": 1}).edge)
    with pytest.raises(PolicyUnmet, match="epsilon_joint of one region is 9, at most 8"):
        check_policy(
            pipeline(bundle=noised, noise={"epsilon_joint": 9}, policy={"max_epsilon_joint": 8}).edge
        )
    with pytest.raises(PolicyUnmet, match="no joint guarantee"):
        plan(pipeline(extractor="shade", policy={"max_epsilon_joint": 8}), "up")
    with pytest.raises(ConfigError, match=r"edge.*asks for noise, which shaded pictures do not get"):
        pipeline(extractor="shade", noise={"epsilon_joint": 1})


def test_shaded_pictures_have_a_bundle_of_their_own_unless_another_is_named() -> None:
    assert bundle_name(pipeline(extractor="shade").edge) == "people-present"
    settings = edge_settings(pipeline(extractor="shade", bundle="gender-ours"), Somewhere(), Somewhere())
    assert settings.extractor == "shade"
    assert settings.bundle is not None
    assert settings.bundle.stem == "gender-ours"


def test_an_analyzer_is_told_where_redis_is_but_no_secret() -> None:
    place = RedisPlace("redis://h/0", "redis://h/0", Path("/secret"), None)
    wire = encode_plain(analyzer_settings(pipeline(), "analyzer-2", Somewhere(), place))
    settings = decode_analyzer(wire)
    assert (settings.node, settings.redis, settings.redis_password_file) == (
        "analyzer-2",
        "redis://h/0",
        Path("/secret"),
    )


def test_a_bundle_that_is_not_there_is_an_error() -> None:
    with pytest.raises(BundleNotFound, match="no-such"):
        edge_settings(pipeline(bundle="no-such"), Somewhere(), Somewhere())


def test_a_configured_broker_uses_the_parts_own_account_where_there_is_a_folder_of_them() -> None:
    broker = ConfiguredBroker(BrokerEntry(address="mqtts://edge.local:8883", accounts="secrets"))
    address = broker.address_for(Role.CAMERA, "yard")
    assert (address.username, address.password_file) == ("camera-yard", Path("secrets/camera-yard.password"))
    assert (address.host, address.port, address.tls) == ("edge.local", 8883, True)


def test_a_configured_broker_uses_one_account_otherwise() -> None:
    broker = ConfiguredBroker(BrokerEntry(address="mqtt://bob@h", password_env="WORD"))
    assert broker.address_for(Role.EDGE, "edge").username == "bob"
    assert broker.address_for(Role.EDGE, "edge").password_env == "WORD"
    other = ConfiguredBroker(BrokerEntry(address="mqtt://h", username="ann"))
    assert other.address_for(Role.EDGE, "edge").username == "ann"


def test_everyone_who_connects_has_an_account() -> None:
    names = [account.username for account in private_accounts(pipeline())]
    assert names == ["camera-yard", "camera-hall", "edge-edge", "viewer-terminal"]
    names = [account.username for account in cloud_accounts(pipeline())]
    assert names == ["edge-edge", "analyzer-analyzer-1", "analyzer-analyzer-2", "viewer-terminal"]
    assert analyzer_names(pipeline()) == ["analyzer-1", "analyzer-2"]


def test_a_node_alone_takes_its_log_format_and_metrics_address() -> None:
    settings = with_node_options(camera_settings(pipeline(), Somewhere()), "0.0.0.0:9301", "json")
    assert (settings.metrics_address, settings.log_format) == ("0.0.0.0:9301", "json")
    with pytest.raises(ConfigError, match="--log-format"):
        with_node_options(camera_settings(pipeline(), Somewhere()), "", "xml")


def test_the_plan_says_what_would_run_and_hides_passwords() -> None:
    cameras = {"door": {"source": "rtsp://u:hunter2@h/x", "fps": 10}}
    lines = plan(pipeline_of_flags({"private": {"cameras": cameras}}, {}), "up")
    assert lines[0].startswith("camera door: rtsp://")
    assert lines[0].endswith("10 pictures/s")
    assert "hunter2" not in "\n".join(lines)
    assert lines[1:] == [
        "edge edge: bundle gender-ours on the regions it was made for",
        "1 analyzer for gender-ours",
        "private broker: started here",
        "cloud broker: started here",
        "Redis: started here",
    ]


def test_a_shading_that_the_bundle_does_not_read_is_told() -> None:
    assert "reads faces shaded solid" in shading_note(pipeline(extractor="shade", shade="blur").edge)
    assert shading_note(pipeline(extractor="shade").edge) == ""
    assert shading_note(pipeline().edge) == ""
