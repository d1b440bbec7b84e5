"""Who may see the live page."""

import pytest

from monitoring.live.guard import Guard, host_name, token_of_form

TOKEN = "correct horse battery staple"


def cookie_of(guard: Guard) -> str:
    return guard.cookie.split(";")[0]


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8800", "localhost:8800", "LOCALHOST", "[::1]:8800", "localhost."]
)
def test_this_machine_by_its_own_names_is_let_in(host: str) -> None:
    assert Guard("", "127.0.0.1", 8800).refusal({"host": host}) is None


@pytest.mark.parametrize(
    "host",
    ["evil.example:8800", "127.0.0.1.evil.example", "localhost@evil.example", "", "127.0.0.1/../x", "[bad"],
)
def test_a_name_that_was_made_to_point_here_is_not(host: str) -> None:
    refusal = Guard("", "127.0.0.1", 8800).refusal({"host": host})
    assert refusal is not None
    assert (refusal.reason, refusal.status) == ("host", 421)


def test_with_a_token_any_name_of_the_edge_will_do() -> None:
    assert Guard(TOKEN, "0.0.0.0", 8800).refusal({"host": "edge.local:8800"}) is None


@pytest.mark.parametrize(
    ("site", "mode", "allowed"),
    [
        ("cross-site", "no-cors", False),
        ("same-site", "cors", False),
        ("cross-site", "navigate", True),
        ("same-origin", "cors", True),
        ("none", "navigate", True),
    ],
)
def test_another_sites_page_may_link_here_and_no_more(site: str, mode: str, allowed: bool) -> None:
    headers = {"host": "127.0.0.1", "sec-fetch-site": site, "sec-fetch-mode": mode}
    assert (Guard("", "127.0.0.1", 1).refusal(headers) is None) == allowed


def test_the_right_token_gives_a_cookie_that_opens_and_does_not_tell_the_token() -> None:
    guard = Guard(TOKEN, "0.0.0.0", 8800)
    assert guard.accepts(TOKEN)
    assert guard.knows({"cookie": f"theme=dark; {cookie_of(guard)}"})
    assert TOKEN not in guard.cookie
    for part in ("HttpOnly", "SameSite=Strict", "Path=/"):
        assert part in guard.cookie
    assert Guard(TOKEN, "0.0.0.0", 8800).knows({"cookie": cookie_of(guard)}), (
        "lost when the edge starts again"
    )


@pytest.mark.parametrize("token", ["", "wrong", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "\udcff" * 40])
def test_any_other_token_does_not(token: str) -> None:
    assert not Guard(TOKEN, "0.0.0.0", 8800).accepts(token)


def test_a_cookie_of_another_token_or_page_does_not_open() -> None:
    guard = Guard(TOKEN, "0.0.0.0", 8800)
    for other in (Guard("x" * 20, "0.0.0.0", 8800), Guard(TOKEN, "0.0.0.0", 8801)):
        assert not guard.knows({"cookie": cookie_of(other)})
    for cookie in ("", "penumbra_live_8800=", "penumbra_live_8800=é", "=;=;", f"penumbra_live_8800={TOKEN}"):
        assert not guard.knows({"cookie": cookie})


def test_without_a_token_there_is_nothing_to_know_and_nothing_to_accept() -> None:
    guard = Guard("", "127.0.0.1", 8800)
    assert guard.knows({})
    assert not guard.accepts("")


def test_a_form_gives_its_token() -> None:
    assert token_of_form(b"token=a+b%21&x=1") == "a b!"
    assert [token_of_form(body) for body in (b"", b"token", b"\xff=1", b"&".join([b"a=1"] * 99))] == [""] * 4


def test_a_host_is_read_without_its_port() -> None:
    assert [host_name(host) for host in ("EDGE.local:80", "[::1]", "a@b")] == ["edge.local", "::1", ""]
