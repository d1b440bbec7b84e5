"""Where answers may be posted to: https anywhere, plain http only where nobody else is on the line."""

import pytest

from feature_node.elsewhere.settings import WebhookSettings
from feature_node.elsewhere.webhook_url import check_webhook_url, webhook_place
from feature_node.errors import BadSettings


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/hook",
        "https://example.org:8443/a/b?c=d",
        "http://localhost:8123/api/webhook/x",
        "http://127.0.0.1/x",
        "http://[::1]:80/x",
        "http://192.168.1.10:8123/x",
        "http://10.0.0.1/x",
        "http://[fd00::1]/x",
    ],
)
def test_these_are_taken_as_they_are(url: str) -> None:
    check_webhook_url(url, allow_http=False)


@pytest.mark.parametrize(
    "host", ["example.org", "8.8.8.8", "[2001:4860:4860::8888]", "0.0.0.0", "nas", "localhost.example"]
)
def test_plain_http_to_another_network_is_refused_unless_it_is_allowed(host: str) -> None:
    with pytest.raises(ValueError, match=r"is plain http to .*allow_http: true"):
        check_webhook_url(f"http://{host}/x", allow_http=False)
    check_webhook_url(f"http://{host}/x", allow_http=True)


@pytest.mark.parametrize(
    "url",
    ["", "x", "ftp://h/x", "https://", "https:///x", "//h/x", "https://h:0/x", "https://h:99999/x",
     "https://h/a b", "https://h/é", "https://h/\n", "https://[::1/x", "file:///etc/passwd",
     "https://h/" + "x" * 3000],
)  # fmt: skip
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="is not the address of a webhook"):
        check_webhook_url(url, allow_http=True)


def test_an_account_in_the_address_is_refused_and_never_repeated() -> None:
    with pytest.raises(ValueError, match="holds an account") as refusal:
        check_webhook_url("https://bob:hunter2@example.org/x", allow_http=True)
    assert "hunter2" not in str(refusal.value)


def test_only_the_host_is_ever_shown() -> None:
    assert (
        webhook_place("https://example.org:8443/services/T0/SECRET?key=SECRET") == "https://example.org:8443"
    )


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"url": "http://example.org/SECRET"}, "edge.webhook.url is plain http to example.org"),
        ({"min_confidence": 1.5}, "edge.webhook.min_confidence: 1.5 is not between 0 and 1"),
        ({"timeout": 0}, "edge.webhook.timeout: 0 is not above 0"),
        ({"give_up": 4000.0}, "edge.webhook.give_up: 4000.0 is not above 0 and at most 3600 seconds"),
        ({"queue": 0}, "edge.webhook.queue: 0 is not between 1 and 4096 answers"),
        ({"labels": ("x",) * 300}, "is not a list of at most 256"),
    ],
)
def test_settings_out_of_bounds_are_refused_by_name(fields: dict[str, object], said: str) -> None:
    with pytest.raises(BadSettings, match=said.replace("(", r"\(")) as refusal:
        WebhookSettings(**({"url": "https://example.org/x"} | fields))  # type: ignore[arg-type]
    assert "SECRET" not in str(refusal.value)
