"""The edge as a process of its own, between two real brokers."""

import itertools
import json
import subprocess
import sys

import pytest

from feature_node.__main__ import BAD_SETTINGS
from feature_node.policy import Policy
from tests.servers import until
from tests.system.edge import WITHIN, World, picture, world
from tests.system.nodes import Node
from tests.unit.feature_node.fakes import frame


async def test_it_answers_frames_says_how_it_is_and_ends_in_order(tmp_path):
    async with world(tmp_path) as made:
        await made.edge.ready()
        await made.state("online")
        for number in range(5):
            await made.send(frame(number))
        await made.answered(5)
        assert {answer.outcome for answer in made.answers} == {"answered"}
        metrics = await made.edge.metrics()
        assert metrics["penumbra_answers_total", "yard", "answered"] == 5
        assert metrics.total("penumbra_cloud_bytes_total") == sum(
            answer.bytes_cloud for answer in made.answers
        )
        await made.edge.stop()
        await made.state("offline")


async def test_a_policy_that_is_not_met_ends_it_before_a_frame_is_read_and_the_reason_stays(tmp_path):
    async with world(tmp_path, policy=Policy(require_certificate=True)) as made:
        await made.send(frame(0))
        await until(lambda: not made.edge.running, "the edge has ended", WITHIN)
        await made.state("offline")
        assert "does not meet this site's policy" in made.detail
        assert "does not meet this site's policy" in made.edge.log().splitlines()[-1]
        assert made.answers == []


async def test_a_killed_edge_is_known_to_be_gone_and_a_new_one_goes_on(tmp_path):
    async with world(tmp_path) as made:
        await made.state("online")
        await made.send(frame(0))
        await made.answered(1)
        made.edge.kill()
        await made.state("offline")
        made.edge.start()
        await made.state("online")
        await made.send(frame(1))
        await made.answered(2)
        assert [answer.outcome for answer in made.answers] == ["answered"] * 2
        await made.edge.stop()


async def test_a_damaged_picture_is_refused_and_the_next_answered(tmp_path):
    async with world(tmp_path) as made:
        await made.state("online")
        await made.send(frame(0, jpeg=picture(9)[:-10]))
        await made.send(frame(1, jpeg=picture(9)))
        await made.answered(2)
        assert [(answer.outcome, answer.reason) for answer in made.answers] == [
            ("refused", "bad-picture"),
            ("answered", ""),
        ]
        await made.edge.stop()


async def test_without_the_cloud_it_is_degraded_and_recovers(tmp_path):
    async with world(tmp_path) as made:
        await made.state("online")
        await made.cloud.stop()
        await made.state("degraded")
        assert (await made.edge.readiness())["ready"], "frames are still taken"
        await made.cloud.start()
        await made.state("online")
        # The analyzer finds its own way back: what crosses before it listens again is lost to it.
        numbers = itertools.count()
        await until(lambda: answers_one(made, next(numbers)), "a frame is answered", WITHIN)
        await made.edge.stop()


async def answers_one(made: World, number: int) -> bool:
    await made.send(frame(number))
    return bool(made.answers)


async def test_without_the_private_broker_it_is_not_ready_and_recovers(tmp_path):
    async with world(tmp_path) as made:
        await made.edge.ready()
        await made.private.stop()
        await until(lambda: not_ready(made.edge), "not ready", WITHIN)
        await made.private.start()
        await made.edge.ready()
        await until(lambda: sends(made), "a frame goes through", WITHIN)
        await made.answered(1)
        await made.edge.stop()


async def not_ready(edge: Node) -> bool:
    return not (await edge.readiness()).get("ready", True)


async def sends(made: World) -> bool:
    await made.send(frame(0))
    return True


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"", "cannot be read"),
        (b'{"site": "home"}', "private"),
        (
            json.dumps(
                {
                    "site": "home",
                    "private": {"host": "127.0.0.1", "port": 1},
                    "key_file": "key",
                    "cloud": {"host": "127.0.0.1", "port": 1},
                    "extractor": "shade",
                    "detector": "absent.onnx",
                }
            ).encode(),
            "absent.onnx",
        ),
    ],
    ids=["nothing", "half", "no-detector"],
)
def test_settings_that_cannot_be_used_end_it_with_one_clear_line(tmp_path, text, says):
    done = subprocess.run(
        [sys.executable, "-P", "-m", "feature_node"],
        input=text,
        capture_output=True,
        cwd=tmp_path,
        timeout=60,
        check=False,
    )
    error = done.stderr.decode()
    assert done.returncode == BAD_SETTINGS
    assert says in error.splitlines()[-1]
    assert "Traceback" not in error
