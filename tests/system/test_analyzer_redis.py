"""The result store over a real redis-server: what is kept, and what is survived."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis

from analyzer_node.breaker import Breaker
from analyzer_node.errors import StoreDown
from analyzer_node.guarded_store import GuardedStore
from analyzer_node.keys import answer_key, history_key, latest_key, seen_key
from analyzer_node.redis_address import open_client, parse_address
from analyzer_node.redis_store import RedisStore
from broker.results import RegionAnswer
from tests.servers import Server, require_program, running_redis, until
from tests.unit.analyzer_node.parts import BUNDLE, OTHER_STREAM, STREAM, a_result

ANSWER = RegionAnswer("circle", 0.75)
KEY = answer_key(BUNDLE, "embedding", b"region-1")
GENEROUS = 5.0
"""Seconds for a call that is expected to succeed on a busy host."""


def no_pauses() -> Iterator[float]:
    while True:
        yield 0.01


@asynccontextmanager
async def a_store(
    server: Server, timeout: float = GENEROUS, history: int = 100, counted: list[str] | None = None
) -> AsyncIterator[RedisStore]:
    address = parse_address(f"unix://{server.socket}")
    count = (lambda _reason: None) if counted is None else counted.append
    async with RedisStore(
        open_client(address, timeout=timeout),
        timeout=timeout,
        ttl=1000,
        mark_ttl=100,
        history=history,
        count=count,
    ) as store:
        yield store


@asynccontextmanager
async def a_client(server: Server) -> AsyncIterator[Redis]:
    client = Redis(host=server.host, port=server.port, protocol=2)
    try:
        yield client
    finally:
        await client.aclose()


async def test_answers_and_results_are_kept_and_expire(redis_server: Server) -> None:
    async with a_store(redis_server) as store, a_client(redis_server) as redis:
        assert await store.look_up([KEY]) == [None]
        assert (await store.latest(STREAM), await store.history(STREAM, 5)) == (None, [])
        results = [a_result(0), a_result(2), a_result(1), a_result(2)]
        assert await store.remember({KEY: ANSWER}, results) == 0
        assert await store.look_up(["penumbra:1:answer:none", KEY]) == [None, ANSWER]
        assert await store.latest(STREAM) == a_result(2)
        assert [result.sequence for result in await store.history(STREAM, 10)] == [1, 2, 0]
        assert [result.sequence for result in await store.history(STREAM, 1)] == [1]
        assert await store.history(OTHER_STREAM, 1) == []
        await store.remember({}, [a_result(0, run=8)])
        assert await store.latest(STREAM) == a_result(0, run=8)
        keys = await redis.keys("*")
        assert all(key.startswith(b"penumbra:1:") for key in keys)
        for key in keys:
            assert 0 < await redis.ttl(key) <= 1000
        assert 0 < await redis.ttl(seen_key(STREAM, 7, 0)) <= 100


async def test_two_analyzers_remember_a_result_once(redis_server: Server) -> None:
    async with a_store(redis_server) as one, a_store(redis_server) as two:
        for _ in range(5):
            await asyncio.gather(*(store.remember({}, [a_result(3)]) for store in (one, two, one, two)))
        assert [result.sequence for result in await one.history(STREAM, 10)] == [3]


async def test_the_history_stays_bounded(redis_server: Server) -> None:
    async with a_store(redis_server, history=100) as store, a_client(redis_server) as redis:
        for start in range(0, 1000, 100):
            await store.remember({}, [a_result(n) for n in range(start, start + 100)])
        # Redis trims whole blocks of a hundred entries.
        assert 100 <= await redis.xlen(history_key(STREAM)) <= 200
        assert (await store.history(STREAM, 1))[0].sequence == 999


async def test_damaged_values_are_absent_and_counted(redis_server: Server) -> None:
    counted: list[str] = []
    async with a_store(redis_server, counted=counted) as store, a_client(redis_server) as redis:
        await redis.set(KEY, b"\xc1 not ours")
        await redis.hset(latest_key(STREAM), mapping={"run": 7, "sequence": 1, "result": "{"})
        await redis.xadd(history_key(STREAM), {"other": "x"})
        await redis.xadd(history_key(STREAM), {"result": "[]"})
        assert await store.look_up([KEY]) == [None]
        assert await store.latest(STREAM) is None
        assert await store.history(STREAM, 5) == []
        assert counted == ["damaged-value"] * 3
        await store.remember({KEY: ANSWER}, [a_result(2)])
        assert await store.look_up([KEY]) == [ANSWER]
        assert await store.latest(STREAM) == a_result(2)


async def test_a_key_of_another_type_costs_that_stream_alone(redis_server: Server) -> None:
    counted: list[str] = []
    async with a_store(redis_server, counted=counted) as store, a_client(redis_server) as redis:
        await redis.lpush(latest_key(STREAM), "x")
        await redis.lpush(KEY, "x")
        refused = await store.remember({}, [a_result(0), a_result(0, stream=OTHER_STREAM)])
        assert (refused, counted) == (1, ["wrong-type"])
        assert await store.latest(OTHER_STREAM) == a_result(0, stream=OTHER_STREAM)
        assert await store.look_up([KEY]) == [None]
        with pytest.raises(StoreDown, match="refused"):
            await store.latest(STREAM)
        await redis.delete(latest_key(STREAM))
        assert await store.remember({}, [a_result(0)]) == 0
        assert len(await store.history(STREAM, 5)) == 1


async def test_full_memory_refuses_writes_and_is_still_read() -> None:
    async with (
        running_redis("--maxmemory-policy", "noeviction") as server,
        a_store(server) as store,
        a_client(server) as redis,
    ):
        guarded = GuardedStore(store, Breaker(no_pauses))
        await guarded.remember({KEY: ANSWER}, [])
        await redis.config_set("maxmemory", "1kb")
        await guarded.remember({"penumbra:1:answer:more": ANSWER}, [a_result(0)])
        assert guarded.trouble == "store-refuses-writes"
        assert await guarded.look_up([KEY]) == [ANSWER]
        await redis.config_set("maxmemory", "0")
        await guarded.remember({}, [a_result(0)])
        assert guarded.trouble == ""
        assert await store.latest(STREAM) == a_result(0)


async def test_a_store_that_dies_and_returns_is_skipped_and_used_again(redis_server: Server) -> None:
    counted: list[str] = []
    async with a_store(redis_server) as store:
        guarded = GuardedStore(store, Breaker(no_pauses), count=counted.append)
        await guarded.remember({KEY: ANSWER}, [])
        redis_server.kill()
        assert await guarded.look_up([KEY]) == [None]
        assert guarded.trouble == "store-unreachable"
        watch = asyncio.create_task(guarded.watch())
        failures = len(counted)
        await until(lambda: len(counted) > failures + 2, "it is tried again")
        await redis_server.start()
        await until(lambda: not guarded.down, "it is used again")
        await guarded.remember({KEY: ANSWER}, [a_result(0)])
        assert await guarded.look_up([KEY]) == [ANSWER]
        watch.cancel()


async def test_a_store_that_restarts_between_two_calls_is_hardly_noticed(redis_server: Server) -> None:
    async with a_store(redis_server) as store:
        await store.check()
        await redis_server.restart()
        await store.check()


async def test_a_frozen_store_is_given_up_within_its_time(redis_server: Server) -> None:
    async with a_store(redis_server, timeout=0.05) as store:
        guarded = GuardedStore(store, Breaker(no_pauses))
        redis_server.pause()
        async with asyncio.timeout(GENEROUS):
            assert await guarded.look_up([KEY]) == [None]
            for _ in range(1000):
                await guarded.look_up([KEY])
        assert guarded.trouble == "store-timeout"
        redis_server.resume()
        watch = asyncio.create_task(guarded.watch())
        await until(lambda: not guarded.down, "it is used again")
        watch.cancel()


async def test_a_password_is_needed_and_never_told(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("h0rse-battery\n")
    async with running_redis("--requirepass", "h0rse-battery") as server:
        url = f"redis://{server.host}:{server.port}/0"
        for file, works in ((secret, True), (None, False)):
            client = open_client(parse_address(url, password_file=file), timeout=GENEROUS)
            async with RedisStore(client, timeout=GENEROUS, ttl=9, mark_ttl=9, history=9) as store:
                if works:
                    await store.check()
                else:
                    with pytest.raises(StoreDown, match="denied"):
                        await store.check()


async def test_an_address_where_nothing_listens_is_a_store_that_is_down(tmp_path: Path) -> None:
    for url in ("redis://127.0.0.1:1", f"unix://{tmp_path}/none.sock", "redis://no-such-host.invalid"):
        client = open_client(parse_address(url), timeout=GENEROUS)
        async with RedisStore(client, timeout=GENEROUS, ttl=9, mark_ttl=9, history=9) as store:
            with pytest.raises(StoreDown):
                await store.look_up([KEY])


async def test_tls_is_spoken_and_the_certificate_is_checked(tmp_path: Path) -> None:
    openssl, own = require_program("openssl"), tmp_path / "own.pem"
    making = await asyncio.create_subprocess_exec(
        *(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"),
        *("-addext", "subjectAltName=DNS:localhost", "-keyout", tmp_path / "key.pem", "-out", own),
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert await making.wait() == 0
    probe = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
    port = probe.sockets[0].getsockname()[1]
    probe.close()
    await probe.wait_closed()
    arguments = (
        "--tls-port",
        str(port),
        "--tls-cert-file",
        str(own),
        "--tls-key-file",
        f"{tmp_path}/key.pem",
    )
    async with running_redis(*arguments, "--tls-auth-clients", "no"):
        for authority, works in ((own, True), (None, False)):
            address = parse_address(f"rediss://localhost:{port}", ca_file=authority)
            client = open_client(address, timeout=GENEROUS)
            async with RedisStore(client, timeout=GENEROUS, ttl=9, mark_ttl=9, history=9) as store:
                if works:
                    await store.check()
                else:
                    with pytest.raises(StoreDown, match="unreachable"):
                        await store.check()
