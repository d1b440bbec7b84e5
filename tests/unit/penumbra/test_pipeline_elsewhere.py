"""How a pipeline file names Home Assistant and a webhook, and what it is told where that cannot be meant."""

from pathlib import Path

import pytest

from feature_node.errors import BadSettings
from feature_node.settings import decode_settings
from penumbra.brokers import RunningBroker, configured
from penumbra.elsewhere_settings import home_assistant_settings, webhook_settings
from penumbra.errors import ConfigError
from penumbra.node_settings import RedisPlace
from penumbra.pipeline_file import load_pipeline
from penumbra.pipeline_schema import Pipeline
from penumbra.plan import plan
from penumbra.site import parts_of

PRIVATE = "private: {broker: 'mqtt://home:1', cameras: {yard: {source: 0}, front: {source: 1}}}\n"
BROKERS = PRIVATE + "cloud: {broker: 'mqtt://cloud:1', analyzers: 0}\n"


def loaded(folder: Path, edge: str, rest: str = BROKERS) -> Pipeline:
    path = folder / "pipeline.yaml"
    path.write_text(f"{rest}edge: {{{edge}}}\n")
    return load_pipeline(path)


def problem(folder: Path, edge: str) -> str:
    with pytest.raises(ConfigError) as caught:
        loaded(folder, edge)
    (said,) = caught.value.problems
    return said.removeprefix(f"{folder / 'pipeline.yaml'}: ")


def test_neither_is_on_unless_it_is_asked_for(tmp_path: Path) -> None:
    for edge in ("", "home_assistant: false"):
        pipeline = loaded(tmp_path, edge)
        private = configured(pipeline.private.broker)
        assert home_assistant_settings(pipeline, private) is None
        assert webhook_settings(pipeline) is None


@pytest.mark.parametrize(
    ("edge", "prefix"),
    [("home_assistant: true", "homeassistant"), ("home_assistant: {discovery_prefix: hass}", "hass")],
)
def test_home_assistant_is_told_of_the_cameras_by_an_account_of_its_own(
    tmp_path: Path, edge: str, prefix: str
) -> None:
    rest = BROKERS.replace("'mqtt://home:1'", "{address: 'mqtt://home:1', accounts: secrets}")
    pipeline = loaded(tmp_path, f"name: e1, {edge}", rest)
    told = home_assistant_settings(pipeline, configured(pipeline.private.broker))
    assert told is not None
    assert (told.cameras, told.discovery_prefix) == (("yard", "front"), prefix)
    assert told.address.username == "announcer-e1"
    assert told.address.password_file == tmp_path / "secrets" / "announcer-e1.password"


def test_a_webhook_with_everything(tmp_path: Path) -> None:
    keys = (
        "url: https://example.org/x, token_file: token, secret_file: /etc/key, ca_file: ca.crt, on: every, "
        "labels: [woman, man], min_confidence: 0.8, cameras: [yard], timeout: 2s, give_up: 5m, queue: 8"
    )
    told = webhook_settings(loaded(tmp_path, f"webhook: {{{keys}}}"))
    assert told is not None
    assert (told.url, told.token_file) == ("https://example.org/x", tmp_path / "token")
    assert (told.secret_file, told.ca_file) == (Path("/etc/key"), tmp_path / "ca.crt")
    assert (told.on, told.labels, told.min_confidence) == ("every", ("woman", "man"), 0.8)
    assert (told.cameras, told.timeout, told.give_up, told.queue) == (("yard",), 2.0, 300.0, 8)


def test_a_replay_tells_neither(tmp_path: Path) -> None:
    pipeline = loaded(tmp_path, "home_assistant: true, webhook: {url: 'https://example.org/x'}")
    private, cloud = configured(pipeline.private.broker), configured(pipeline.cloud.broker)
    brokers = (RunningBroker(private, "", here=False), RunningBroker(cloud, "", here=False))
    for cameras in (True, False):
        parts = {
            part.name: part for part in parts_of(pipeline, *brokers, RedisPlace("", ""), cameras=cameras)
        }
        told = decode_settings(parts["edge"].stdin)
        assert (told.home_assistant is not None, told.webhook is not None) == (cameras, cameras)


@pytest.mark.parametrize(
    ("edge", "said"),
    [
        (
            "home_assistant: {discovery_prefix: 'a/b'}",
            'edge.home_assistant.discovery_prefix: "a/b" is not a discovery prefix. Write the one that Home '
            "Assistant has, for example homeassistant.",
        ),
        (
            "home_assistant: please",
            'edge.home_assistant: "please" stands where a mapping belongs. Write keys and values, with these '
            "keys: discovery_prefix.",
        ),
        ("webhook: {on: every}", "edge.webhook.url: is missing."),
        (
            "webhook: {url: 'gopher://h/x'}",
            'edge.webhook.url: "gopher://h/x" is not the address of a webhook. Write https://HOST/PATH.',
        ),
        (
            "webhook: {url: 'http://example.org/SECRET?key=SECRET'}",
            "edge.webhook: url is plain http to example.org: answers could be read on the way. Write "
            "https://, the number of a private address, or allow_http: true.",
        ),
        (
            "webhook: {url: 'https://bob:SECRET@example.org/x'}",
            "edge.webhook.url: holds an account. Take it out, and write token_file: PATH next to the "
            "address.",
        ),
        (
            "webhook: {url: 'https://h/x', on: change}",
            'edge.webhook.on: "change" is not one of these. Write changes or every.',
        ),
        (
            "webhook: {url: 'https://h/x', min_confidence: 80}",
            "edge.webhook.min_confidence: 80 is not a score. Write a number from 0 to 1.",
        ),
        (
            "webhook: {url: 'https://h/x', labels: woman}",
            'edge.webhook.labels: "woman" stands where a list belongs. Write [ … ].',
        ),
        (
            "webhook: {url: 'https://h/x', token: SECRET}",
            'edge.webhook: "token" is not a key. Did you mean "token_file"? Allowed: url, token_file, '
            "secret_file, ca_file, allow_http, on, labels, min_confidence, cameras, timeout, give_up, queue.",
        ),
        (
            "webhook: {url: 'https://h/x', timeout: 1h}",
            "edge.webhook: waits too long. timeout may be 120s at most, give_up 1h.",
        ),
        (
            "webhook: {url: 'https://h/x', queue: 0}",
            "edge.webhook.queue: 0 is not a number of answers. Write a whole number from 1 to 4096.",
        ),
    ],
)
def test_what_cannot_be_meant_is_told_with_a_remedy(tmp_path: Path, edge: str, said: str) -> None:
    found = problem(tmp_path, edge)
    assert found == said
    assert "SECRET" not in found


def test_what_would_run_says_where_answers_go_and_shows_no_path(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("hunter2")
    keys = "url: https://example.org/SECRET, token_file: token, on: every"
    pipeline = loaded(tmp_path, f"home_assistant: true, webhook: {{{keys}}}")
    expected = [
        "Home Assistant: devices under homeassistant/device",
        "webhook: https://example.org, every answer",
    ]
    assert [line for line in plan(pipeline, "edge") if line in expected] == expected
    assert not [line for line in plan(pipeline, "replay") if line in expected]
    (tmp_path / "token").unlink()
    with pytest.raises(BadSettings, match=r"edge\.webhook\.token_file: .* cannot be read: No such file"):
        plan(pipeline, "up")


def test_a_camera_that_is_not_there_is_told(tmp_path: Path) -> None:
    pipeline = loaded(tmp_path, "webhook: {url: 'https://h/x', cameras: [yrad]}")
    with pytest.raises(ConfigError) as caught:
        webhook_settings(pipeline)
    assert str(caught.value) == (
        'edge.webhook.cameras: "yrad" is no camera of this pipeline. Write one of: yard, front.'
    )
