"""The live page over real HTTP: what it serves, to whom, and what it costs when nobody looks."""

import asyncio
import contextlib
import logging
import re
import socket

import httpx
import pytest

from monitoring.live.page import LivePage
from monitoring.metrics import LIVE_REFUSED
from tests.live_feed import MemoryFeed, jpeg, shade_of, view
from tests.servers import until
from tests.unit.monitoring.live.serving import TOKEN, served, states

PATHS = ("/", "/events", "/picture/front-door/house/1", "/static/page.js", "/static/style.css", "/nowhere")


def refused(reason: str) -> float:
    return LIVE_REFUSED.labels(reason)._value.get()


async def test_states_come_as_they_change_and_the_feed_is_open_only_meanwhile() -> None:
    feed = MemoryFeed()
    async with served(feed) as client:
        assert (await client.get("/")).status_code == 200
        assert feed.times_opened == 0, "the page alone is nobody who watches"
        async with client.stream("GET", "/events") as response:
            assert response.headers["content-type"].startswith("text/event-stream")
            seen = states(response)
            first = await anext(seen)
            assert feed.watched == 1
            feed.step("front-door", age_seconds=0.5)
            later = [each async for each in _until_version(seen, 2)]
        await until(lambda: feed.watched == 0, "the feed closed")
    assert first["site"]["bundle"] == "gender-ours"
    assert first["cameras"][0]["regions"][0]["label"] == "woman"
    assert [part["name"] for part in first["parts"]] == ["edge", "analyzer"]
    assert later[-1]["cameras"][0]["age_seconds"] == 0.5


async def _until_version(seen, version):
    async for state in seen:
        yield state
        if state["cameras"][0]["picture_version"] >= version:
            return


async def test_pictures_are_of_the_version_asked_for_and_never_stored() -> None:
    async with served(MemoryFeed()) as client, client.stream("GET", "/events") as response:
        await anext(states(response))
        house = await client.get("/picture/front-door/house/1")
        cloud = await client.get("/picture/front-door/cloud/1")
        missing = [
            await client.get(path)
            for path in ("/picture/yard/house/1", "/picture/front-door/elsewhere/1", "/picture/a/house/x")
        ]
    assert (house.content, cloud.content) == (jpeg(shade_of(1)), jpeg(122))
    assert (house.headers["content-type"], house.headers["cache-control"]) == ("image/jpeg", "no-store")
    assert [answer.status_code for answer in missing] == [404] * 3


async def test_there_is_no_picture_while_nobody_watches() -> None:
    feed = MemoryFeed()
    async with served(feed) as client:
        assert (await client.get("/picture/front-door/house/1")).status_code == 404
    assert feed.pictures_asked == 0


@pytest.mark.parametrize("token", ["", TOKEN])
async def test_every_answer_is_strict(token: str) -> None:
    async with served(MemoryFeed(), token) as client:
        for path in PATHS:
            async with client.stream("GET", path) as answer:
                headers = answer.headers
            assert headers["cache-control"] == "no-store", path
            assert headers["referrer-policy"] == "no-referrer"
            assert headers["x-frame-options"] == "DENY"
            assert "script-src 'self'" in headers["content-security-policy"]
            assert "unsafe" not in headers["content-security-policy"]
            assert "access-control-allow-origin" not in headers
            assert "server" not in headers


async def test_nothing_on_the_page_comes_from_elsewhere_or_stands_in_line() -> None:
    async with served(MemoryFeed()) as client:
        for name in (
            "page.html",
            "door.html",
            "wrong.html",
            "welcome.html",
            "style.css",
            "page.js",
            "row.js",
        ):
            text = (await client.get(f"/static/{name}")).text
            assert not re.search(
                r"https?://|url\(|@import|<style| style=| on\w+=|<script(?! type=\"module\" src)", text
            ), name


async def test_without_the_token_only_the_door_is_shown() -> None:
    async with served(MemoryFeed(), TOKEN) as client:
        before = refused("token")
        door = await client.get("/")
        assert door.status_code == 401
        assert 'name="token"' in door.text
        codes = {path: (await client.get(path)).status_code for path in PATHS[1:]}
        assert refused("token") - before == 3
    assert codes == {
        "/events": 401,
        "/picture/front-door/house/1": 401,
        "/static/page.js": 401,
        "/static/style.css": 200,
        "/nowhere": 404,
    }


@pytest.mark.parametrize("by_form", [False, True])
async def test_the_token_is_shown_once_and_remembered(by_form: bool) -> None:
    async with served(MemoryFeed(), TOKEN) as client:
        if by_form:
            welcome = await client.post("/enter", data={"token": TOKEN})
        else:
            welcome = await client.get("/", params={"token": TOKEN})
        assert welcome.status_code == 200
        assert TOKEN not in welcome.headers["set-cookie"]
        assert TOKEN not in welcome.text
        assert 'id="cameras"' in (await client.get("/")).text
        async with client.stream("GET", "/events") as response:
            assert response.status_code == 200


async def test_a_wrong_token_is_refused_and_nothing_is_remembered() -> None:
    async with served(MemoryFeed(), TOKEN) as client:
        for answer in (
            await client.get("/", params={"token": "wrong"}),
            await client.post("/enter", data={"token": TOKEN[:-1]}),
            await client.post("/enter", content=b""),
        ):
            assert answer.status_code == 401
            assert "That is not the token" in answer.text
            assert "set-cookie" not in answer.headers
        assert (await client.post("/enter", content=b"x" * 5000)).status_code == 413


async def test_without_a_token_a_foreign_name_and_a_foreign_page_are_refused() -> None:
    async with served(MemoryFeed()) as client:
        rebound = await client.get("/", headers={"host": "evil.example"})
        embedded = await client.get(
            "/events", headers={"sec-fetch-site": "cross-site", "sec-fetch-mode": "cors"}
        )
    assert (rebound.status_code, embedded.status_code) == (421, 403)
    assert "127.0.0.1" in rebound.text


async def test_one_page_too_many_is_told_so_and_may_come_when_another_goes() -> None:
    async with served(MemoryFeed(), most_watchers=1) as client:
        async with client.stream("GET", "/events") as response:
            await anext(states(response))
            full = await client.get("/events")
            assert full.status_code == 503
            assert "Close one of them" in full.text
            assert full.headers["retry-after"] == "10"

        async def open_again() -> bool:
            async with client.stream("GET", "/events") as again:
                return again.status_code == 200

        await until(open_again, "room for another page")


async def test_a_browser_that_stops_reading_is_let_go_and_holds_nobody_up() -> None:
    feed = MemoryFeed(*(view(f"camera-{index}", why="x" * 300) for index in range(60)))
    async with served(feed, write_seconds=0.5) as client:
        before = refused("slow")
        port = client.base_url.port
        stuck = socket.create_connection(("127.0.0.1", port or 0))
        with contextlib.closing(stuck):
            stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            stuck.sendall(b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            await until(lambda: feed.watched == 1, "the stuck browser watching")
            async with client.stream("GET", "/events") as response:
                seen = states(response)
                while refused("slow") == before:
                    feed.step("camera-0")
                    await asyncio.wait_for(anext(seen), 20)
            await until(lambda: feed.watched == 0, "the feed closed")


async def test_a_feed_that_errs_is_asked_again() -> None:
    feed = MemoryFeed()
    feed.broken = "cameras"
    async with served(feed) as client, client.stream("GET", "/events") as response:
        await until(lambda: feed.times_opened >= 1, "the feed asked")
        feed.broken = ""
        assert (await anext(states(response)))["cameras"]


async def test_open_pages_end_with_the_edge() -> None:
    feed = MemoryFeed()
    async with contextlib.AsyncExitStack() as stack:
        client = await stack.enter_async_context(httpx.AsyncClient(timeout=20))
        async with LivePage(feed, "127.0.0.1:0").running() as base:
            response = await stack.enter_async_context(client.stream("GET", f"{base}events"))
            seen = states(response)
            await anext(seen)
        with contextlib.suppress(httpx.RemoteProtocolError):
            async for _ in seen:
                pass
    assert feed.watched == 0


async def test_no_token_and_no_picture_is_logged(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    feed = MemoryFeed()
    with caplog.at_level(logging.DEBUG):
        async with served(feed, TOKEN) as client:
            await client.get("/", params={"token": TOKEN})
            async with client.stream("GET", "/events") as response:
                await anext(states(response))
                feed.broken = "pictures"
                broken = await client.get("/picture/front-door/house/1")
            assert (broken.status_code, "log" in broken.text) == (500, True)
    shown = capfd.readouterr()
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("http")]
    assert TOKEN not in "".join((*ours, shown.out, shown.err))
