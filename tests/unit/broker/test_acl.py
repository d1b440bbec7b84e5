"""Rights are read off the topic table: filters, roles, refusals, and the text for mosquitto."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.acl import Account, Rights, checked, covers, mosquitto_acl, rights_of, roles_of
from broker.errors import BadAccount, BadName
from broker.topic import Cloud, Private, Role
from broker.topic_table import TABLE, table
from monitoring.broker_statistics import TOPICS

FRONT = Account(Role.CAMERA, "front")


def test_a_camera_writes_and_reads_its_own_alone() -> None:
    assert rights_of(Private, FRONT) == Rights(
        write=("penumbra/frames/front", "penumbra/status/camera/front"),
        read=("penumbra/results/camera/front",),
    )


def test_the_edge_is_the_only_role_that_does_things_on_both_sides() -> None:
    home = (Role.ANNOUNCER, Role.HOME_ASSISTANT)
    assert roles_of(Private) == (Role.CAMERA, Role.EDGE, Role.VIEWER, Role.HELPER, Role.MONITOR, *home)
    assert roles_of(Cloud) == (Role.EDGE, Role.ANALYZER, Role.VIEWER, Role.MONITOR)
    edge = Account(Role.EDGE, "e1")
    assert rights_of(Cloud, edge) == Rights(write=("penumbra/features/+",), read=("penumbra/results/+",))


@pytest.mark.parametrize("side", [Private, Cloud], ids=lambda side: side.label)
def test_nobody_may_write_what_it_also_reads(side: type[Private] | type[Cloud]) -> None:
    for role in roles_of(side):
        rights = rights_of(side, Account(role, "x"))
        assert not [f for f in rights.write if any(covers(f, g) or covers(g, f) for g in rights.read)]


@pytest.mark.parametrize("side", [Private, Cloud], ids=lambda side: side.label)
def test_a_monitor_reads_what_the_broker_says_of_itself_and_nothing_of_ours(side) -> None:
    rights = rights_of(side, Account(Role.MONITOR, "m"))
    assert rights.write == ()
    assert all(any(covers(granted, topic) for granted in rights.read) for topic in TOPICS)
    for topic in TABLE:
        assert not any(covers(granted, topic.path("x")) for granted in rights.read)


def test_home_assistant_sees_answers_and_states_and_no_picture() -> None:
    assert rights_of(Private, Account(Role.HOME_ASSISTANT, "h")) == Rights(
        write=("homeassistant/status",),
        read=(
            "penumbra/status/camera/+",
            "penumbra/status/+",
            "penumbra/home/+",
            "homeassistant/device/+/config",
        ),
    )
    assert rights_of(Private, Account(Role.ANNOUNCER, "e1")) == Rights(
        write=("penumbra/home/+", "homeassistant/device/+/config"), read=("homeassistant/status",)
    )


def test_home_assistants_prefix_may_be_another() -> None:
    rights = rights_of(Private, Account(Role.ANNOUNCER, "e1"), table("hass"))
    assert rights == Rights(write=("penumbra/home/+", "hass/device/+/config"), read=("hass/status",))


@pytest.mark.parametrize("prefix", ["", "a/b", "#", "+", "Home", "penumbra", "a" * 64])
def test_a_prefix_that_a_topic_could_misread_is_refused(prefix: str) -> None:
    with pytest.raises(BadName, match="is no discovery prefix"):
        table(prefix)


def test_a_viewer_writes_nothing() -> None:
    assert rights_of(Private, Account(Role.VIEWER, "v")).write == ()
    assert rights_of(Cloud, Account(Role.VIEWER, "v")).write == ()


@pytest.mark.parametrize("name", ["", "Front", "a/b", "+", "#", "a b", "front\n", "-a", "a" * 64, "é"])
def test_a_name_that_a_topic_or_the_list_could_misread_is_refused(name: str) -> None:
    with pytest.raises(BadName):
        Account(Role.CAMERA, name)


def test_a_role_of_the_other_side_is_refused() -> None:
    with pytest.raises(BadAccount, match="camera front can have no account on the cloud broker"):
        rights_of(Cloud, FRONT)
    with pytest.raises(BadAccount, match="analyzer"):
        mosquitto_acl(Private, [Account(Role.ANALYZER, "a")])


def test_an_account_given_twice_is_refused_but_roles_may_share_a_name() -> None:
    with pytest.raises(BadAccount, match="twice"):
        checked(Private, [FRONT, Account(Role.CAMERA, "front")])
    edge = Account(Role.EDGE, "front")
    assert checked(Private, [FRONT, edge]) == (FRONT, edge)
    assert FRONT.username != edge.username


def test_the_list_names_every_account_and_uses_no_pattern_line() -> None:
    text = mosquitto_acl(Private, [FRONT, Account(Role.VIEWER, "v")])
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert lines == [
        "user camera-front",
        "topic write penumbra/frames/front",
        "topic write penumbra/status/camera/front",
        "topic read penumbra/results/camera/front",
        "user viewer-v",
        "topic read penumbra/results/camera/+",
        "topic read penumbra/status/camera/+",
        "topic read penumbra/status/+",
        "topic read penumbra/helpers/+/capacity",
    ]


@pytest.mark.parametrize(
    ("granted", "requested", "answer"),
    [
        ("a/b", "a/b", True),
        ("a/+", "a/b", True),
        ("a/+", "a/+", True),
        ("a/+", "a/#", False),
        ("a/+", "#", False),
        ("a/b", "a/+", False),
        ("a/+", "a", False),
        ("a/+", "a/b/c", False),
        ("a/+", "+/b", False),
        ("a/+", "$share/g/a/b", False),
    ],
)
def test_covers(granted: str, requested: str, answer: bool) -> None:
    assert covers(granted, requested) is answer


LEVELS = st.lists(st.sampled_from(["a", "b", "+", "#"]), min_size=1, max_size=4)
NAMES = st.lists(st.sampled_from(["a", "b"]), min_size=1, max_size=4)


def matches(topic_filter: list[str], topic: list[str]) -> bool:
    """MQTT's own matching (MQTT 5, section 4.7), to judge `covers` by."""
    if topic_filter[:1] == ["#"]:
        return True
    if not topic_filter or not topic:
        return not topic_filter and not topic
    return topic_filter[0] in ("+", topic[0]) and matches(topic_filter[1:], topic[1:])


@given(granted=LEVELS, requested=LEVELS, topic=NAMES)
def test_what_is_covered_never_reaches_beyond_what_is_granted(
    granted: list[str], requested: list[str], topic: list[str]
) -> None:
    plain = [level.replace("#", "+") for level in granted]  # no grant holds a "#"
    if covers("/".join(plain), "/".join(requested)) and matches(requested, topic):
        assert matches(plain, topic)
