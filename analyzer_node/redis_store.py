"""A result store in Redis, which all analyzers of a cloud share: one round trip a batch, with a time-out."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, Self, TypeVar, cast, final

from redis import exceptions
from redis.asyncio import Redis

from analyzer_node.errors import StoreDown
from analyzer_node.keys import history_key, latest_key, seen_key
from analyzer_node.records import decode_answer, decode_record, encode_answer, encode_record
from broker.results import RegionAnswer, Result

T = TypeVar("T")

# One script, so that a result is wholly remembered or not at all, however many analyzers answer it.
# The mark comes last: where a write above it is refused, a repetition may still succeed.
_REMEMBER: Final = """
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
local latest = redis.call('HMGET', KEYS[2], 'run', 'sequence')
if latest[1] ~= ARGV[2] or tonumber(latest[2] or '-1') < tonumber(ARGV[3]) then
  redis.call('HSET', KEYS[2], 'run', ARGV[2], 'sequence', ARGV[3], 'result', ARGV[1])
end
redis.call('EXPIRE', KEYS[2], ARGV[4])
redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[5], '*', 'result', ARGV[1])
redis.call('EXPIRE', KEYS[3], ARGV[4])
redis.call('SET', KEYS[1], '1', 'EX', ARGV[6])
return 1
"""
_FIELD: Final = b"result"


@final
class RedisStore:
    """Remembers in Redis; owns the client it is given, as `async with`.

    Args:
        client: a client that has its own socket time-outs (`redis_address.open_client`).
        timeout: seconds that one call may take in all.
        ttl: seconds after which answers, latest results and histories of silent streams are forgotten.
        mark_ttl: seconds for which a repeated result is recognised.
        history: results kept a stream (Redis trims by blocks, so somewhat more may be held).
        count: called with a reason for each value that was damaged or refused.
    """

    def __init__(
        self,
        client: Redis,
        *,
        timeout: float,
        ttl: int,
        mark_ttl: int,
        history: int,
        count: Callable[[str], None] = lambda _reason: None,
    ) -> None:
        self._client = client
        self._timeout = timeout
        self._ttl = ttl
        self._mark_ttl = mark_ttl
        self._length = history
        self._count = count

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                await self._client.aclose()
        except (TimeoutError, OSError, exceptions.RedisError):
            self._count("close-failed")

    async def look_up(self, keys: Sequence[str]) -> list[RegionAnswer | None]:
        """Return one answer a key; `None` where none is remembered or the value is damaged."""
        if not keys:
            return []
        values = await self._ask(self._client.mget(list(keys)))
        return [self._read(value, decode_answer) for value in values]

    async def remember(self, answers: Mapping[str, RegionAnswer], results: Sequence[Result]) -> int:
        """Keep answers and results in one round trip; return how many of them Redis would not take."""
        if not answers and not results:
            return 0
        pipe = self._client.pipeline(transaction=False)
        for key, answer in answers.items():
            pipe.set(key, encode_answer(answer), ex=self._ttl)
        for result in results:
            self._remember_result(pipe, result)
        replies = await self._ask(pipe.execute(raise_on_error=False))
        refused = [reply for reply in replies if isinstance(reply, Exception)]
        for reply in refused:
            self._count(_refusal(reply))
        return len(refused)

    def _remember_result(self, pipe: Any, result: Result) -> None:
        keys = (
            seen_key(result.stream, result.run, result.sequence),
            latest_key(result.stream),
            history_key(result.stream),
        )
        numbers = (result.run, result.sequence, self._ttl, self._length, self._mark_ttl)
        pipe.eval(_REMEMBER, len(keys), *keys, encode_record(result), *numbers)

    async def latest(self, stream: str) -> Result | None:
        """Return the stream's latest result; `None` if there is none or it is damaged."""
        reply = await self._ask(self._client.hget(latest_key(stream), "result"))
        return self._read(reply, decode_record)

    async def history(self, stream: str, count: int) -> list[Result]:
        """Return at most `count` results of the stream, the newest first; damaged ones are left out."""
        reply = await self._ask(self._client.xrevrange(history_key(stream), count=count))
        found = [self._read(fields.get(_FIELD), decode_record) for _id, fields in reply]
        return [result for result in found if result is not None]

    async def check(self) -> None:
        """Return if Redis answers now."""
        await self._ask(self._client.ping())

    def _read(self, raw: object, decode: Callable[[bytes], T | None]) -> T | None:
        if raw is None:
            return None
        value = decode(raw) if isinstance(raw, bytes) else None
        if value is None:
            self._count("damaged-value")
        return value

    async def _ask(self, call: object) -> Any:
        """Await a call of the client; turn whatever stops it into `StoreDown`."""
        try:
            async with asyncio.timeout(self._timeout):
                return await cast("Awaitable[Any]", call)
        except (TimeoutError, exceptions.TimeoutError):
            raise StoreDown("timeout") from None
        except (exceptions.AuthenticationError, exceptions.NoPermissionError):
            raise StoreDown("denied") from None
        except exceptions.BusyLoadingError:
            raise StoreDown("loading") from None
        except (exceptions.ConnectionError, OSError):
            raise StoreDown("unreachable") from None
        except exceptions.RedisError:
            raise StoreDown("refused") from None


def _refusal(reply: Exception) -> str:
    text = str(reply)
    if "OOM" in text:
        return "out-of-memory"
    return "wrong-type" if "WRONGTYPE" in text else "write-refused"
