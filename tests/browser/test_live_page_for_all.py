"""The live page for everybody: on any screen, by keyboard, by ear, in the dark, without motion."""

import pytest
from playwright.async_api import Browser

from monitoring.live.page import LivePage
from monitoring.live.view import CameraView, PartView, RegionView
from tests.browser.visiting import tab, violations, visit
from tests.live_feed import MemoryFeed, view

pytestmark = pytest.mark.asyncio(loop_scope="session")

WIDTHS = (320, 375, 768, 1280, 1920)
TEXT_BOX = """each => {
    const range = document.createRange();
    range.selectNodeContents(each);
    const {left, top, right, bottom} = range.getBoundingClientRect();
    return [left, top, right, bottom];
}"""


def every_kind() -> tuple[CameraView, ...]:
    """A camera in every state that looks different."""
    many = RegionView(
        label="speed limit 50",
        confidence=0.9,
        numbers=tuple(map(float, range(-52, 53))),
        count=105,
        largest=60.0,
    )
    two = (
        *view().regions,
        RegionView(label="man", confidence=0.9, numbers=(1.0, 2.0), count=2, box=(0.7, 0.1, 0.1, 0.2)),
    )
    return (
        view(
            "front-door",
            epsilon_joint=4.0,
            epsilon_per_coordinate=0.5,
            spent=3276800.0,
            budget=4e6,
            window="hour",
        ),
        view("yard", state="gone", why="the camera has not answered for 7 s, and is asked again every 2 s"),
        view(
            "garage",
            held_back="the privacy budget of this hour is spent",
            spent=40.0,
            budget=40.0,
            window="hour",
        ),
        view("hall", mirror=False, mirror_why="This bundle came without a mirror.", ssim=None),
        view("a-camera-with-a-very-long-name-that-does-not-fit-on-any-phone", regions=two),
        view("road", regions=(many,)),
        view("empty", regions=()),
        CameraView(camera="new", state="starting"),
    )


def house() -> MemoryFeed:
    feed = MemoryFeed(*every_kind())
    feed.all_parts += [
        PartView(
            name="cache", side="cloud", state="degraded", detail="Redis is away; answers are computed again"
        ),
        PartView(name="private broker", side="house", state="failed", detail="connection refused"),
        PartView(name="cloud broker", side="cloud", state="starting"),
    ]
    return feed


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])
async def test_axe_finds_nothing_against_it(browser: Browser, width: int, scheme: str) -> None:
    size = {"width": width, "height": 800}
    async with visit(browser, house(), viewport=size, color_scheme=scheme, reduced_motion="reduce") as page:
        await page.click("summary")
        assert await violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_against_the_door(browser: Browser, scheme: str) -> None:
    async with (
        LivePage(MemoryFeed(), "127.0.0.1:0", "only-for-this-house").running() as address,
        tab(browser, address, color_scheme=scheme) as page,
    ):
        assert await violations(page) == []
        await page.fill("#token", "wrong")
        await page.press("#token", "Enter")
        await page.wait_for_selector("text=That is not the token.")
        assert await violations(page) == []


async def test_axe_finds_nothing_against_a_page_that_lost_its_edge(browser: Browser) -> None:
    async with visit(browser, house(), reduced_motion="reduce") as page:
        await page.evaluate("document.body.classList.add('lost')")
        assert await violations(page) == []


async def test_nothing_is_wider_than_the_screen(browser: Browser) -> None:
    async with visit(browser, house()) as page:
        for width in WIDTHS:
            await page.set_viewport_size({"width": width, "height": 800})
            wide = await page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{wide} px at {width}"


async def test_no_two_figures_of_a_chart_touch(browser: Browser) -> None:
    long = RegionView(label="man", confidence=0.9, numbers=(-125.0, 125.0) * 4, count=8, largest=127.0)
    async with visit(browser, MemoryFeed(view(), view("yard", regions=(long,)))) as page:
        for width in WIDTHS:
            await page.set_viewport_size({"width": width, "height": 800})
            for chart in await page.locator(".chart").all():
                boxes = [await each.evaluate(TEXT_BOX) for each in await chart.locator("b").all()]
                for index, (left, top, right, bottom) in enumerate(boxes):
                    for other in boxes[index + 1 :]:
                        apart = other[0] >= right or other[2] <= left or other[1] >= bottom or other[3] <= top
                        assert apart, f"at {width} px"


async def test_both_pictures_are_as_large_as_each_other(browser: Browser) -> None:
    async with visit(browser, MemoryFeed()) as page:
        for width in WIDTHS:
            await page.set_viewport_size({"width": width, "height": 800})
            house_box = await page.locator(".house .frame").bounding_box()
            cloud_box = await page.locator(".cloud .frame").bounding_box()
            assert house_box is not None
            assert cloud_box is not None
            for side in ("width", "height"):
                assert house_box[side] == pytest.approx(cloud_box[side], abs=1)  # type: ignore[literal-required]


async def test_the_keyboard_reaches_everything_and_shows_where_it_is(browser: Browser) -> None:
    async with visit(browser, MemoryFeed(view("front-door"), view("yard"))) as page:
        reached = []
        for _ in range(5):
            await page.keyboard.press("Tab")
            reached.append(await page.evaluate("document.activeElement.textContent.trim()"))
            seen = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert seen != "none", reached[-1]
        assert reached == ["Skip to the cameras", "Pause", "front-door", "yard", "How to read this page"]
        await page.keyboard.press("Enter")
        assert await page.is_visible("details p")
        await page.focus("#pause")
        await page.keyboard.press("Space")
        assert await page.get_attribute("#pause", "aria-pressed") == "true"


async def test_pictures_and_numbers_have_words_for_who_does_not_see_them(browser: Browser) -> None:
    async with visit(browser, MemoryFeed()) as page:
        pictures = [await each.get_attribute("aria-label") for each in await page.locator("canvas").all()]
        assert pictures == [
            "The picture of front-door. Answered: woman.",
            "What the cloud could make of front-door. It could be anybody’s face.",
        ]
        assert await page.get_attribute(".chart", "aria-label") == "8\xa0numbers: 7, −3, 0, 12, −15, 4, 1, −8"


async def test_who_wants_no_motion_gets_none_but_the_pictures(browser: Browser) -> None:
    async with visit(browser, MemoryFeed(), reduced_motion="reduce") as page:
        lasting = await page.evaluate(
            "[...document.querySelectorAll('*')].map(each => getComputedStyle(each).transitionDuration)"
        )
        assert set(lasting) == {"0s"}
        assert await page.evaluate("document.getAnimations().length") == 0
