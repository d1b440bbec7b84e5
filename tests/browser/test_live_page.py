"""The live page in a real browser: it moves, tells what is wrong, and keeps out whom it should."""

import pytest
from playwright.async_api import Browser

from monitoring.live.page import LivePage
from monitoring.live.view import PartView, RegionView
from tests.browser.visiting import WITHIN, shows_version, tab, text_is, visit
from tests.live_feed import MemoryFeed, view
from tests.servers import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

TOKEN = "only-for-this-house"
CAMERA = "#camera-front-door"


async def test_pictures_move_and_numbers_with_them(browser: Browser) -> None:
    feed = MemoryFeed()
    async with visit(browser, feed) as page:
        assert "No picture" in await page.inner_text("h1")
        assert await page.inner_text(f"{CAMERA} .answers") == "woman\n98\xa0% sure"
        drawn = await page.locator(f"{CAMERA} .chart b").all_inner_texts()
        assert drawn == ["7", "−3", "0", "12", "−15", "4", "1", "−8"]
        new = RegionView(label="man", confidence=0.7, numbers=(1.0, 2.0), count=2, largest=15.0)
        feed.step("front-door", regions=(new,), age_seconds=0.25)
        await shows_version(page, "front-door", 2)
        await text_is(page, f"{CAMERA} .answers", "man")
        assert await page.locator(f"{CAMERA} .chart b").all_inner_texts() == ["1", "2"]
        await text_is(page, f"{CAMERA} .age", "250 ms")


async def test_a_camera_that_is_gone_is_told_and_one_that_returns(browser: Browser) -> None:
    feed = MemoryFeed(view("front-door"), view("yard"))
    async with visit(browser, feed) as page:
        assert await page.locator(".camera.wrong").count() == 0
        feed.put("yard", state="gone", why="the camera has not answered for 4 s")
        await text_is(page, "#camera-yard .state", "gone: the camera has not answered for 4 s")
        assert await page.locator(".camera.wrong").count() == 1
        assert await page.inner_text("#said") == "yard: gone: the camera has not answered for 4 s"
        assert "yard" in await page.title()
        feed.put("yard", state="running", why="")
        await text_is(page, "#said", "yard works again.")


async def test_a_silent_edge_is_told_within_five_seconds_and_the_page_goes_on_after(browser: Browser) -> None:
    feed = MemoryFeed()
    async with LivePage(feed, "127.0.0.1:0").running() as address:
        port = address.rstrip("/").rpartition(":")[2]
        context = await browser.new_context()
        context.set_default_timeout(WITHIN)
        page = await context.new_page()
        await page.clock.install()
        await page.goto(address)
        await shows_version(page, "front-door", 1)
        assert await page.is_hidden("#trouble")
    try:
        await page.clock.run_for(5_000)
        assert "silent" in await page.inner_text("#trouble")
        assert "silent" in await page.inner_text("#said")
        assert await page.inner_text("h1") == "What leaves now is not known."
        feed.step("front-door")
        async with LivePage(feed, f"127.0.0.1:{port}").running():

            async def heard_again() -> bool:
                await page.clock.run_for(1_000)
                return await page.is_hidden("#trouble")

            await until(heard_again, "the page in touch again", WITHIN / 1000)
            await shows_version(page, "front-door", 2)
            assert "leave this house" in await page.inner_text("h1")
    finally:
        await context.close()


async def test_what_is_held_back_is_told(browser: Browser) -> None:
    feed = MemoryFeed(view(spent=3.0, budget=40.0, window="hour", epsilon_joint=1.0))
    async with visit(browser, feed) as page:
        assert "3 of 40" in await page.inner_text(f"{CAMERA} .epsilon")
        assert "epsilon_joint 1 a frame" in await page.inner_text(f"{CAMERA} .epsilon")
        feed.step("front-door", held_back="the budget of this hour is spent", spent=40.0, bytes_sent=0.0)
        await text_is(page, f"{CAMERA} .numbers", "Nothing: the budget of this hour is spent")
        assert "everything is held back" in await page.inner_text(f"{CAMERA} .state")
        assert "Nothing left the house" in await page.inner_text(f"{CAMERA} .cloud .note")
        await text_is(page, "h1", "Nothing leaves this house now.")


async def test_without_noise_no_epsilon_is_shown(browser: Browser) -> None:
    async with visit(browser, MemoryFeed()) as page:
        assert await page.is_hidden(f"{CAMERA} .epsilon")


async def test_a_bundle_without_mirror_says_why_and_what_would_show_it(browser: Browser) -> None:
    why = "This bundle came without a mirror. penumbra lab mirror makes one."
    async with visit(browser, MemoryFeed(view(mirror=False, mirror_why=why, ssim=None))) as page:
        assert await page.inner_text(f"{CAMERA} .cloud .note") == why
        assert await page.is_hidden(f"{CAMERA} .cloud canvas")


async def test_a_shaded_picture_is_not_called_nothing(browser: Browser) -> None:
    region = RegionView(label="people present", confidence=1.0, box=(0.3, 0.2, 0.25, 0.5))
    shaded = view(sends="picture", bytes_sent=9e5, regions=(region,), ssim=0.93, ssim_floor=None)
    async with visit(browser, MemoryFeed(shaded)) as page:
        assert "No picture" not in await page.inner_text("h1")
        assert "painted over" in await page.inner_text(f"{CAMERA} .verdict")


async def test_cameras_come_and_go_and_each_can_be_jumped_to(browser: Browser) -> None:
    feed = MemoryFeed(view("front-door"))
    async with visit(browser, feed, viewport={"width": 375, "height": 667}) as page:
        assert await page.is_hidden("#jump")
        for name in ("yard", "garage"):
            feed.views[name] = view(name)
        feed.put("yard")
        await shows_version(page, "garage", 1)
        await page.click("#jump a >> text=garage")
        await page.wait_for_function(
            "() => Math.abs(document.querySelector('#camera-garage').getBoundingClientRect().top) < 150"
        )
        del feed.views["garage"], feed.views["yard"]
        feed.put("front-door")
        await page.wait_for_selector("#jump", state="hidden")
        assert await page.locator(".camera").count() == 1


async def test_every_part_is_told_and_none_is_loud_while_all_is_well(browser: Browser) -> None:
    feed = MemoryFeed()
    async with visit(browser, feed) as page:
        assert await page.locator(".parts li").all_inner_texts() == ["edge: works", "analyzer: works"]
        feed.all_parts[1] = PartView(name="analyzer", side="cloud", state="gone", detail="no answer for 6 s")
        feed.put("front-door")
        await text_is(page, "#parts-cloud", "analyzer: gone (no answer for 6 s)")


async def test_who_does_not_see_hears_of_changes_and_not_of_every_answer(browser: Browser) -> None:
    feed = MemoryFeed()
    async with visit(browser, feed) as page:
        await page.evaluate(
            """() => {
                const said = document.querySelector("#said");
                window.spoken = [];
                new MutationObserver(() => window.spoken.push(said.textContent))
                    .observe(said, {childList: true, characterData: true, subtree: true});
            }"""
        )
        for version in (2, 3, 4):
            feed.step("front-door", regions=())
            await shows_version(page, "front-door", version)
        feed.put("front-door", state="stalled", why="no picture for 4 s")
        await text_is(page, "#said", "stalled")
        assert await page.evaluate("window.spoken") == ["front-door: stalled: no picture for 4 s"]


async def test_pause_holds_the_page_still_and_not_its_warnings(browser: Browser) -> None:
    feed = MemoryFeed()
    async with visit(browser, feed) as page:
        await page.click("#pause")
        assert await page.get_attribute("#pause", "aria-pressed") == "true"
        feed.step("front-door", age_seconds=9.0)
        async with tab(browser, page.url) as other:
            await shows_version(other, "front-door", 2)
        assert "9.0" not in await page.inner_text(f"{CAMERA} .age")
        await page.click("#pause")
        await shows_version(page, "front-door", 2)


async def test_a_page_that_nobody_looks_at_costs_the_edge_nothing(browser: Browser) -> None:
    feed = MemoryFeed()
    hide = """hidden => {
        Object.defineProperty(document, "hidden", {configurable: true, get: () => hidden});
        document.dispatchEvent(new Event("visibilitychange"));
    }"""
    async with visit(browser, feed) as page:
        await page.evaluate(hide, True)
        await until(lambda: feed.watched == 0, "the feed closed")
        feed.step("front-door")
        await page.evaluate(hide, False)
        await shows_version(page, "front-door", 2)
        assert await page.is_hidden("#trouble")


async def test_words_of_others_are_shown_and_never_run(browser: Browser) -> None:
    hostile = "<img src=x onerror=document.title='run'>"
    region = RegionView(label=hostile, confidence=1.0, numbers=(1.0,), count=1)
    async with visit(browser, MemoryFeed(view(state="stalled", why=hostile, regions=(region,)))) as page:
        assert hostile in await page.inner_text(f"{CAMERA} .state")
        assert hostile in await page.inner_text(f"{CAMERA} .answers")
        assert await page.title() != "run"


async def test_one_page_too_many_says_so_and_comes_in_when_another_goes(browser: Browser) -> None:
    feed = MemoryFeed()
    async with LivePage(feed, "127.0.0.1:0", most_watchers=1).running() as address:
        async with tab(browser, address) as first:
            await shows_version(first, "front-door", 1)
            context = await browser.new_context()
            context.set_default_timeout(WITHIN)
            second = await context.new_page()
            await second.goto(address)
            await text_is(second, "#trouble", "Close one of them")
        await second.wait_for_selector("#trouble", state="hidden")
        await shows_version(second, "front-door", 1)
        await context.close()


async def test_a_wrong_token_is_refused_and_the_right_one_is_remembered(browser: Browser) -> None:
    feed = MemoryFeed()
    async with LivePage(feed, "127.0.0.1:0", TOKEN).running() as address, tab(browser, address) as page:
        await page.fill("#token", "not-the-token-at-all")
        await page.press("#token", "Enter")
        await page.wait_for_selector("text=That is not the token.")
        assert feed.times_opened == 0
        await page.fill("#token", TOKEN)
        await page.click("button")
        await shows_version(page, "front-door", 1)
        assert TOKEN not in page.url
        assert TOKEN not in await page.evaluate("document.cookie")
        await page.reload()
        await shows_version(page, "front-door", 1)


async def test_a_link_with_the_token_opens_the_page_and_leaves_the_address_bar_clean(
    browser: Browser,
) -> None:
    async with LivePage(MemoryFeed(), "127.0.0.1:0", TOKEN).running() as address:
        async with tab(browser, f"{address}?token={TOKEN}") as page:
            await shows_version(page, "front-door", 1)
            assert page.url == address
        async with tab(browser, address) as stranger:
            assert await stranger.is_visible("#token")
