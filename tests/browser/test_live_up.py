"""A real browser on a real `penumbra up`, its camera a real clip: what a person sees at home."""

import os
import re
import signal
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.browser.visiting import tab, text_is
from tests.servers import require_program
from tests.system.command import PATIENCE, Command, penumbra

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]

CLIP = "videos/face_recognition_clip/short_hamilton_clip.mp4"
STAGE = "#camera-stage"
# The picture as a string of its own pixels: two that differ are two pictures.
PIXELS = f"() => document.querySelector('{STAGE} .house canvas').toDataURL()"


async def address_of(up: Command) -> str:
    """Where the page is, as `penumbra up` says."""
    await up.said("See what the cloud could see: ")
    found = re.search(r"http://127\.0\.0\.1:\d+", up.out)
    assert found is not None
    return f"{found[0]}/"


async def test_a_real_clip_moves_is_answered_and_is_told_gone_when_its_camera_is_killed(
    browser: Browser, data_dir: Path, tmp_path: Path
) -> None:
    require_program("mosquitto")
    require_program("redis-server")
    flags = ("--camera", "stage", "--loop", "--realtime", "--fps", "6", "--size", "480x270")
    async with penumbra(tmp_path, "up", "--source", data_dir / CLIP, *flags) as up:
        address = await address_of(up)
        await up.said("stage: ")
        async with tab(browser, address) as page:
            page.set_default_timeout(PATIENCE * 1000)
            answer = page.locator(f"{STAGE} .answers strong").first
            await expect(answer).to_have_text(re.compile("^(wo)?man$"), timeout=PATIENCE * 1000)
            assert "No picture." in await page.inner_text("h1")
            first = await page.evaluate(PIXELS)
            chart = page.locator(f"{STAGE} .chart").first
            numbers = await chart.get_attribute("aria-label") or ""
            assert numbers.startswith("8\xa0numbers: ")
            await page.wait_for_function(f"first => ({PIXELS})() !== first", arg=first)
            await expect(chart).not_to_have_attribute("aria-label", numbers, timeout=PATIENCE * 1000)
            await text_is(page, f"{STAGE} .figures", "Likeness (SSIM)")
            assert await page.locator(".parts li").all_inner_texts() == [
                "edge: works",
                "private broker: works",
                "cloud broker: works",
                "analyzers: works",
            ]
            os.kill(up.part("camera_node").pid, signal.SIGKILL)
            await text_is(page, f"{STAGE} .state", "gone: the camera has left")
            await text_is(page, f"{STAGE} .state", "pictures a second")
        up.send(signal.SIGINT)
        assert await up.ended() == 0
