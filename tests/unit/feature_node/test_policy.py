"""A site's policy lets a bundle through that proves what is demanded, and says of any other why not."""

import msgspec
import pytest

from feature_node.errors import BadSettings, PolicyUnmet
from feature_node.policy import Policy, admit, admit_cost, objection
from feature_node.release.mechanism import Cost
from models.certificate import Certificate
from models.errors import DamagedBundle
from models.manifest import CERTIFICATE
from tests.unit.models import made

STRICT = Policy(max_ssim_over_floor=0.02, max_identity_rank1=0.12, min_rank_privacy=0.3)


def certificate(**changes: object) -> Certificate:
    """SSIM 0.32 over a floor of 0.30, rank-1 0.10, rank privacy 0.31, unless it is said otherwise."""
    return made.certificate(made.manifest(made.halves()), **changes)


def test_who_demands_nothing_asks_for_no_certificate(tmp_path):
    assert objection(Policy(), None) == ""
    admit(Policy(), tmp_path / "not even there")
    admit(Policy(), None)


@pytest.mark.parametrize("policy", [STRICT, Policy(require_certificate=True)])
def test_a_certificate_within_every_limit_is_enough(policy):
    assert objection(policy, certificate()) == ""


@pytest.mark.parametrize("limit", [name for name in Policy.__struct_fields__ if name != "max_epsilon_joint"])
def test_each_demand_alone_asks_for_a_certificate(limit):
    assert objection(Policy(**{limit: True if limit == "require_certificate" else 1.0}), None) != ""


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"ssim": 0.51}, "reconstruction reaches SSIM 0.21 over the floor, at most 0.02 is allowed"),
        ({"ssim": 0.3201}, "reconstruction reaches SSIM 0.0201 over the floor, at most 0.02 is allowed"),
        (
            {"identity_rank1": 0.5},
            "the share of people recognised at rank 1 is 0.50, at most 0.12 is allowed",
        ),
        ({"rank_privacy": 0.084}, "rank privacy is 0.08, at least 0.3 is demanded"),
        ({"rank_privacy": 0.2999}, "rank privacy is 0.2999, at least 0.3 is demanded"),
    ],
)
def test_a_figure_beyond_its_limit_is_named_with_both_numbers(changes, reason):
    assert objection(STRICT, certificate(**changes)) == reason


@pytest.mark.parametrize("unknown", ["ssim", "ssim_floor", "identity_rank1", "rank_privacy"])
def test_what_nobody_measured_is_not_within_a_limit(unknown):
    assert "unknown (not measured)" in objection(STRICT, certificate(**{unknown: None}))
    assert objection(Policy(require_certificate=True), certificate(**{unknown: None})) == ""


def test_nan_passes_no_limit():
    sound = certificate()
    for name in ("ssim", "identity_rank1", "rank_privacy"):
        # No certificate that is read can hold it; a policy relies on nobody else all the same.
        forged = msgspec.structs.replace(sound)
        msgspec.structs.force_setattr(forged, name, float("nan"))
        assert "nan" in objection(STRICT, forged)


def test_every_reason_is_given_at_once():
    both = objection(STRICT, certificate(ssim=0.51, rank_privacy=0.1))
    assert "SSIM 0.21" in both
    assert "; rank privacy is 0.10" in both


def test_a_refusal_names_the_bundle_and_says_what_to_do(tmp_path):
    path = made.certified(tmp_path / "tiny.zip", ssim=0.51)
    admit(Policy(require_certificate=True), path)
    with pytest.raises(PolicyUnmet) as refusal:
        admit(STRICT, path)
    assert str(refusal.value) == (
        "The bundle tiny does not meet this site's policy: reconstruction reaches SSIM 0.21 over the floor, "
        "at most 0.02 is allowed. Nothing was sent. Choose another bundle (penumbra bundle list) or change "
        "edge.policy in pipeline.yaml."
    )
    assert isinstance(refusal.value, BadSettings)


def test_shaded_pictures_have_no_certificate_to_show():
    with pytest.raises(PolicyUnmet, match="Shading faces"):
        admit(Policy(require_certificate=True), None)


def test_another_bundles_certificate_proves_nothing(tmp_path):
    path = made.certified(tmp_path / "tiny")
    stored = msgspec.json.decode((path / CERTIFICATE).read_bytes())
    (path / CERTIFICATE).write_bytes(msgspec.json.encode(stored | {"bundle": "0" * 16}))
    with pytest.raises(DamagedBundle):
        admit(Policy(require_certificate=True), path)


def test_a_limit_on_the_joint_loss_asks_for_no_certificate_but_for_a_guarantee():
    policy = Policy(max_epsilon_joint=8.0)
    assert objection(policy, None) == ""
    admit(policy, None)
    admit_cost(policy, Cost(epsilon_per_coordinate=8.0, epsilon_joint=8.0), "It")
    admit_cost(Policy(), Cost(), "It")
    for cost, why in (
        (Cost(), "no joint guarantee"),
        (Cost(epsilon_per_coordinate=1.0), "no joint guarantee"),
        (Cost(epsilon_joint=8.001), "epsilon_joint of one region is 8.001, at most 8 a message is allowed"),
        (Cost(epsilon_joint=float("nan")), "is nan, at most 8"),
    ):
        with pytest.raises(PolicyUnmet, match=why):
            admit_cost(policy, cost, "It")


@pytest.mark.parametrize("limit", [0.0, -1.0, float("nan")])
def test_a_limit_that_no_message_can_meet_is_no_setting(limit):
    stored = {"max_epsilon_joint": limit}
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(stored, Policy)
