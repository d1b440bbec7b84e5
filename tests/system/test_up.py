"""`penumbra up` for real: every part its own process, the embedded brokers and Redis, the demo camera."""

import asyncio
import json
import os
import pty
import re
import signal
import sys
from pathlib import Path

import pytest

from penumbra.run_file import running
from tests.servers import require_program, until
from tests.system.command import PATIENCE, all_gone, environment, penumbra, ran
from tests.unit.models import made

PARTS = {"edge": "feature_node", "analyzer-1": "analyzer_node", "cameras": "camera_node"}
SMALL = ("--size", "320x240", "--fps", "8")

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(autouse=True)
def servers() -> None:
    require_program("mosquitto")
    require_program("redis-server")


def answered(text: str) -> int:
    found = re.search(r"answered (\d+)", text)
    assert found is not None, text
    return int(found[1])


async def test_without_a_terminal_it_runs_so_long_and_tells_what_it_did(tmp_path: Path) -> None:
    async with penumbra(tmp_path, "up", "--seconds", "8", *SMALL) as up:
        await up.said("Penumbra ")
        started = up.everything()
        assert await up.ended() == 0
    header, *_, summary = up.out.splitlines()
    assert "bundle gender-ours · private broker 127.0.0.1:" in header
    assert re.search(r"demo: [\d.]+ frames/s · (woman|man) 0\.\d\d · age p50", up.out)
    assert re.search(r"What left this machine in the last second: \d+ × \d+ bytes.*No picture\.", up.out)
    assert answered(summary) > 10
    assert "Time is up. 1 camera:" in up.out
    assert up.err == ""
    await all_gone(started)


async def test_ctrl_c_drains_and_leaves_nothing_behind(tmp_path: Path) -> None:
    async with penumbra(tmp_path, "up", "--verbose", *SMALL) as up:
        await up.said("state=running")
        started = up.everything()
        assert len(started) >= 6
        up.send(signal.SIGINT)
        assert await up.ended() == 0
    assert "Stopped by Ctrl-C." in up.out
    assert "Traceback" not in up.out + up.err
    await all_gone(started)
    assert running(tmp_path / "penumbra") is None


async def test_a_killed_part_is_told_and_comes_back(tmp_path: Path) -> None:
    async with penumbra(tmp_path, "up", "--verbose", *SMALL) as up:
        for name, module in PARTS.items():
            await up.said("state=running")
            before = up.part(module).pid
            os.kill(before, signal.SIGKILL)
            await up.said(f"! {name} crashed: killed by SIGKILL. It is started again")
            await until(lambda m=module, b=before: _comes_back(up, m, b), f"a new {module}", PATIENCE)
        status, watch = await ran(tmp_path, "watch", "--count", "3")
        assert status == 0, watch.err
        up.send(signal.SIGINT)
        assert await up.ended() == 0
    assert answered(up.out) >= 3


def _comes_back(up: object, module: str, before: int) -> bool:
    try:
        return up.part(module).pid != before  # type: ignore[attr-defined]
    except StopIteration:
        return False


async def test_others_find_the_run_and_look_at_it(tmp_path: Path) -> None:
    async with penumbra(tmp_path, "up", "--verbose", *SMALL) as up:
        await up.said("state=running")
        status, watch = await ran(tmp_path, "watch", "--json", "--count", "3")
        assert status == 0
        answers = [json.loads(line) for line in watch.out.splitlines()]
        assert [answer["camera"] for answer in answers] == ["demo"] * 3
        status, lines = await ran(tmp_path, "watch", "--camera", "demo", "--count", "1")
        assert re.match(r"\d\d:\d\d:\d\d\.\d{3}  demo  .* · age .* left", lines.out)
        status, doctor = await ran(tmp_path, "doctor")
        assert status == 0, doctor.out
        for found in ("private broker", "edge edge", "cloud broker", "analyzer analyzer-1", "Redis"):
            assert re.search(rf"✓ +{found} ", doctor.out)
        up.send(signal.SIGINT)
        assert await up.ended() == 0


async def test_a_camera_that_fails_takes_no_other_with_it(tmp_path: Path) -> None:
    bad = tmp_path / "noise.mp4"
    bad.write_bytes(os.urandom(10_000))
    sources = ("--source", "demo:", "--source", bad, "--camera", "demo", "--camera", "bad")
    async with penumbra(tmp_path, "up", "--verbose", "--seconds", "6", *sources, *SMALL) as up:
        assert await up.ended() == 0
    assert re.search(r"bad: failed: .*noise\.mp4", up.out)
    assert answered(up.out) > 5


@pytest.mark.parametrize("words", [("up",), ("up", "--validate-config"), ("replay", "not-opened.mp4")])
async def test_a_policy_that_the_bundle_does_not_meet_starts_nothing_and_says_why(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    made.bundle(tmp_path / "tiny")
    path = tmp_path / "pipeline.yaml"
    path.write_text(
        "private: {cameras: {demo: {source: 'demo:', size: 320x240, fps: 8}}}\n"
        "edge: {bundle: ./tiny, policy: {require_certificate: true}}"
    )
    status, told = await ran(tmp_path, *words, "-c", path)
    assert status == 2
    assert told.out.strip() == ""
    assert "The bundle tiny does not meet this site's policy: there is no certificate" in told.err


async def test_a_terminal_shows_the_table(tmp_path: Path) -> None:
    controller, terminal = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "penumbra", "up", "--seconds", "3", *SMALL),
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env=environment(tmp_path) | {"TERM": "xterm-256color"},
    )
    os.close(terminal)
    shown = bytearray()
    loop = asyncio.get_running_loop()

    def read() -> None:
        try:
            shown.extend(os.read(controller, 65536))
        except OSError:  # the other end is closed
            loop.remove_reader(controller)

    loop.add_reader(controller, read)
    async with asyncio.timeout(PATIENCE):
        assert await process.wait() == 0
    loop.remove_reader(controller)
    os.close(controller)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode(errors="replace"))
    for column in ("camera", "fps", "answer", "age p50", "p95", "drops", "to cloud", "as JPEG", "saved"):
        assert column in text
    assert re.search(r"demo +demo: +[\d.]+ +(woman|man) 0\.\d\d", text)
    assert "Ctrl-C to stop" in text
    assert answered(text) > 5
