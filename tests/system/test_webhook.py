"""A webhook over real HTTP: a receiver that fails, hangs and recovers, and an edge that does not care."""

import hashlib
import hmac
import ssl
from pathlib import Path

import msgspec
import pytest
from jsonschema import Draft202012Validator

from broker.certificates import make_certificates
from broker.schemas import schema
from feature_node.elsewhere.settings import WebhookSettings
from feature_node.elsewhere.webhook_post import MAX_PAUSE, HttpPoster, Posted
from feature_node.errors import BadSettings
from tests.servers import LOOPBACK, free_port, require_program, until
from tests.system.edge import World, picture, world
from tests.system.nodes import Metrics
from tests.system.receiver import CUT, DRIP, FLOOD, HANG, Act, Receiver, receiving
from tests.unit.feature_node.fakes import frame

TOKEN, KEY = "hunter2-token", "swordfish-key"


async def post(receiver: Receiver, scheme: str = "http", **fields: object) -> Posted:
    poster = HttpPoster(WebhookSettings(**({"url": receiver.url(scheme), "timeout": 20.0} | fields)))  # type: ignore[arg-type]
    try:
        return await poster.post(b"{}", {"X-One": "1"})
    finally:
        await poster.close()


@pytest.mark.parametrize(
    ("act", "verdict", "reason"),
    [
        (200, "delivered", ""),
        (204, "delivered", ""),
        (301, "never", "redirected"),
        (307, "never", "redirected"),
        (400, "never", "rejected"),
        (401, "never", "rejected"),
        (404, "never", "rejected"),
        (408, "again", "busy"),
        (429, "again", "busy"),
        (500, "again", "server-error"),
        (503, "again", "server-error"),
        (CUT, "again", "unreachable"),
        (FLOOD, "delivered", ""),
    ],
)
async def test_what_an_attempt_comes_to(act: Act, verdict: str, reason: str) -> None:
    async with receiving() as receiver:
        receiver.next.append(act)
        receiver.headers = {"Location": receiver.url() + "/elsewhere"} if isinstance(act, int) else {}
        assert await post(receiver) == Posted(verdict, reason)  # type: ignore[arg-type]
        assert len(receiver.posts) == 1  # no redirect is followed
        assert receiver.posts[0].headers["x-one"] == "1"


@pytest.mark.parametrize("act", [HANG, DRIP])
async def test_an_attempt_takes_a_bounded_time(act: Act) -> None:
    async with receiving() as receiver:
        receiver.next.append(act)
        assert await post(receiver, timeout=0.3) == Posted("again", "timeout")


@pytest.mark.parametrize(
    ("asked", "pause"),
    [("7", 7.0), ("99999", MAX_PAUSE), ("soon", 0.0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0)],
)
async def test_a_receiver_may_ask_for_time(asked: str, pause: float) -> None:
    async with receiving() as receiver:
        receiver.next.append(503)
        receiver.headers = {"Retry-After": asked}
        assert await post(receiver) == Posted("again", "server-error", pause)


async def test_nobody_there_is_no_error() -> None:
    receiver = Receiver()
    receiver.port = free_port()
    assert await post(receiver) == Posted("again", "unreachable")


async def test_a_certificate_is_checked(tmp_path: Path) -> None:
    make_certificates(require_program("openssl"), tmp_path, [LOOPBACK])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.crt", tmp_path / "server.key")
    async with receiving(tls=context) as receiver:
        assert await post(receiver, "https") == Posted("again", "tls")
        assert receiver.posts == []
        assert await post(receiver, "https", ca_file=tmp_path / "ca.crt") == Posted("delivered")


def test_certificates_that_are_none_are_named(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_text("no certificate")
    for file in ("ca.crt", "none.crt"):
        settings = WebhookSettings(url="https://example.org/x", ca_file=tmp_path / file)
        with pytest.raises(BadSettings, match=rf"edge.webhook.ca_file: .*{file} holds no certificates"):
            HttpPoster(settings)


async def send(edge: World, count: int, first: int = 0) -> None:
    for sequence in range(first, first + count):
        await edge.send(frame(sequence, camera="front", jpeg=picture(sequence % 200)))


def secrets(folder: Path) -> dict[str, Path]:
    (folder / "token").write_text(TOKEN)
    (folder / "hook.key").write_text(KEY)
    return {"token_file": folder / "token", "secret_file": folder / "hook.key"}


async def test_frames_are_answered_while_the_receiver_fails_and_hangs(tmp_path: Path) -> None:
    port = free_port()
    async with receiving(port) as receiver:
        receiver.next.extend([500, HANG])
        receiver.always = 503
        webhook = WebhookSettings(
            url=receiver.url(), on="every", timeout=0.5, give_up=120.0, queue=4, **secrets(tmp_path)
        )
        async with world(tmp_path, webhook=webhook) as edge:
            await edge.state("online")
            await send(edge, 8)
            await edge.answered(8)
            # The first is still being tried; of the others the four newest wait and three have made room.
            await until(lambda: not receiver.next, "it has failed and hung", 60)
            receiver.always = 204
            metrics = await taken(edge, 5)
            assert metrics["penumbra_webhook_dropped_total", "queue-full"] == 3
            for outcome in ("server-error", "timeout"):
                assert metrics["penumbra_webhook_attempts_total", outcome] >= 1
            what_came_is_in_order(receiver)
        assert_nothing_secret(edge.edge.log())


async def taken(edge: World, count: int) -> Metrics:
    """The edge's metrics once so many answers were taken."""
    found = await edge.edge.metrics()

    async def so_many() -> bool:
        nonlocal found
        found = await edge.edge.metrics()
        return found["penumbra_webhook_delivered_total"] == count

    await until(so_many, f"{count} answers taken", 60)
    return found


def what_came_is_in_order(receiver: Receiver) -> None:
    check = Draft202012Validator(schema("answers"))
    keys = [each.headers["idempotency-key"] for each in receiver.posts]
    assert keys[:3] == [keys[0]] * 3  # tried again under the same key
    sequences = []
    for each in receiver.posts:
        answer = msgspec.json.decode(each.body)
        check.validate(answer)
        sequences.append(answer["sequence"])
        assert each.line == "POST /hook/SECRET-PATH HTTP/1.1"
        assert each.headers["authorization"] == f"Bearer {TOKEN}"
        signed = f"{each.headers['x-penumbra-timestamp']}.".encode() + each.body
        expected = hmac.new(KEY.encode(), signed, hashlib.sha256).hexdigest()
        assert each.headers["x-penumbra-signature"] == f"sha256={expected}"
    assert sequences == sorted(sequences)


def assert_nothing_secret(log: str) -> None:
    assert "the webhook takes no answers" in log
    for secret in (TOKEN, KEY, "SECRET-PATH", "/hook"):
        assert secret not in log


async def test_an_edge_that_ends_posts_what_waits_and_says_how_its_webhook_is(tmp_path: Path) -> None:
    async with receiving() as receiver:
        webhook = WebhookSettings(url=receiver.url(), on="every", timeout=0.5)
        receiver.next.append(503)
        async with world(tmp_path, webhook=webhook) as edge:
            await edge.state("online")
            await send(edge, 3)
            await edge.answered(3)

            async def degraded() -> bool:
                return (await edge.edge.readiness())["checks"]["webhook"]["state"] == "degraded"

            await until(degraded, "the webhook is degraded and the edge is ready")
            await edge.edge.stop()
    assert len({each.headers["idempotency-key"] for each in receiver.posts}) == 3


async def test_secrets_that_are_not_there_stop_the_edge_before_anything_starts(tmp_path: Path) -> None:
    webhook = WebhookSettings(url="https://example.org/x", token_file=tmp_path / "none")
    async with world(tmp_path, webhook=webhook) as edge:
        await until(lambda: not edge.edge.running, "the edge has ended", 30)
        assert "penumbra edge: edge.webhook.token_file: " in edge.edge.log()
        assert "cannot be read: No such file or directory. Name a file with the secret." in edge.edge.log()
