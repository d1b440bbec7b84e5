"""What the page says, word for word, run in a real browser."""

from typing import Any

import msgspec
import pytest
from playwright.async_api import Browser

from monitoring.live.page import LivePage
from tests.browser.visiting import tab
from tests.live_feed import MemoryFeed, view

pytestmark = pytest.mark.asyncio(loop_scope="session")

CASES: list[tuple[str, list[Any], Any]] = [
    ("bytes", [0], "0 B"),
    ("bytes", [999.4], "999 B"),
    ("bytes", [1400], "1.4 kB"),
    ("bytes", [31e6], "31 MB"),
    ("ratio", [790, 1], "×790"),
    ("ratio", [1.1e6, 9e5], "×1.2"),
    ("ratio", [1, 0], ""),
    ("duration", [0.0213], "21 ms"),
    ("duration", [2.44], "2.4 s"),
    ("epsilon", [8.0], "8"),
    ("epsilon", [3276800], "3,276,800"),
    ("epsilon", [0.123456], "0.1235"),
    ("number", [-15.0], "−15"),
    ("number", [0.123], "0.12"),
    ("headline", [[]], "No camera yet."),
    ("verdict", [view(ssim=0.36, ssim_floor=0.35)], "It could be anybody’s face."),
    ("verdict", [view(ssim=0.6, ssim_floor=0.35)], "Rough shapes of this picture."),
    ("verdict", [view(ssim=0.9, ssim_floor=0.1)], "Nearly the picture itself."),
    ("verdict", [view(ssim=0.1, ssim_floor=None)], "Nearly nothing of this picture."),
    ("verdict", [view(picture_version=0)], ""),
    ("figures", [view(ssim_floor=None)], "Likeness (SSIM) 0.36; 1.00 is the same picture."),
    ("size", [view()], "8 numbers, 106 B in all"),
    ("state", [view()], "15 pictures a second"),
    ("state", [view(state="stalled", why="no picture for 4 s")], "stalled: no picture for 4 s"),
    ("privacy", [view()], None),
    (
        "privacy",
        [view(epsilon_joint=4.0, spent=16.0, budget=40.0, window="hour")],
        {"title": "ε spent this hour", "value": "16 of 40", "more": "epsilon_joint 4 a frame", "share": 0.4},
    ),
    (
        "privacy",
        [view(epsilon_joint=0.0, spent=1068.0, window="day")],
        {
            "title": "ε spent today",
            "value": "1,068",
            "more": "epsilon_joint 0 a frame (repeated)",
            "share": None,
        },
    ),
    (
        "privacy",
        [view(epsilon_per_coordinate=2.0)],
        {"title": "ε", "value": "2", "more": "epsilon_per_coordinate 2", "share": None},
    ),
]


async def test_the_page_says_what_is_true_in_plain_words(browser: Browser) -> None:
    async with LivePage(MemoryFeed(), "127.0.0.1:0").running() as address, tab(browser, address) as page:
        for name, arguments, wanted in CASES:
            said = await page.evaluate(
                "async ([name, given]) => (await import('/static/words.js'))[name](...given)",
                [name, msgspec.to_builtins(arguments)],
            )
            plain = said.replace("\xa0", " ") if isinstance(said, str) else said
            assert plain == wanted, (name, arguments)
