"""The test servers themselves: restart keeps the address, nothing is left behind."""

import os

import pytest
from redis.asyncio import Redis

from tests.servers import Server, running_mosquitto


async def test_redis_restarts_on_the_same_address(redis_server: Server) -> None:
    first = redis_server.pid
    await redis_server.restart()
    async with Redis(host=redis_server.host, port=redis_server.port) as over_tcp:
        assert await over_tcp.ping()
    async with Redis(unix_socket_path=str(redis_server.socket)) as over_socket:
        assert await over_socket.ping()
    assert redis_server.pid != first


async def test_mosquitto_is_gone_when_left() -> None:
    async with running_mosquitto() as server:
        pid, directory = server.pid, server.directory
        server.kill()
        assert not server.running
        await server.start()
        assert server.pid != pid
        pid = server.pid
    assert not directory.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_server_that_cannot_start_fails_with_its_log() -> None:
    with pytest.raises(pytest.fail.Exception, match="Unknown configuration variable"):
        async with running_mosquitto("no_such_setting 1"):
            pass
