"""Whatever becomes of a frame, its span ends and says so; of a trace crosses what the site lets out."""

import pytest

from feature_node.errors import Withheld
from feature_node.intake import Intake
from feature_node.protect import NumbersProtection, contract_of
from feature_node.release.chains import chain_of
from feature_node.tally import Tally
from tests.servers import until
from tests.unit.feature_node.fakes import (
    OUTPUT,
    FixedDetector,
    FixedExtractor,
    delivery,
    frame,
    reply,
    running,
)
from tests.unit.traced import GIVEN, Traced

WITHIN = 30.0


def an_intake(traced, **changes):
    room = {"queue": 1, "queue_bytes": 2**20, "max_cameras": 1} | changes
    return Intake(Tally(), **room, traces=traced.traces)


def failing(error):
    def detect(_):
        raise error

    return FixedDetector(detect)


@pytest.mark.parametrize(
    ("frames", "reason"),
    [
        ([frame(0, flow="newest"), frame(1, flow="newest")], "superseded"),
        ([frame(5, flow="newest"), frame(3, flow="newest")], "superseded"),
        ([frame(0), frame(1)], "overflow"),
        ([frame(0), frame(0)], "duplicate"),
        ([frame(0), frame(0, camera="other")], "too-many-cameras"),
    ],
)
def test_a_frame_that_is_not_taken_in_ends_its_span_with_the_reason(frames, reason):
    traced = Traced()
    intake = an_intake(traced)
    for one in frames:
        intake.admit(delivery(one))
    assert traced.ends("edge") == [(reason, True)]


async def test_a_frame_that_waited_too_long_ends_its_span():
    traced = Traced()
    intake = an_intake(traced, max_lag=1e-9, queue=4)
    intake.admit(delivery(frame(0, flow="newest")))
    intake.admit(delivery(frame(0, flow="wait", run=9)))
    await intake.take(lambda _: True)
    assert traced.ends("edge") == [("lag", True)]


async def test_an_answered_frame_goes_on_with_the_cameras_trace_and_gives_it_to_the_answer():
    traced = Traced()
    async with running(traces=traced.traces) as (bench, send):
        await send(frame(traceparent=GIVEN))
        (answer,) = await bench.answered(1)
        await until(lambda: traced.ends("edge") == [("answered", False)], "the end of the span", WITHIN)
    (edge,), (home,) = traced.spans("edge"), traced.spans("home")
    assert f"{edge.parent.span_id:016x}" == GIVEN.split("-")[2]
    assert answer.traceparent == f"00-{GIVEN.split('-')[1]}-{home.context.span_id:016x}-01"
    assert traced.ends("cross") == [("answered", False)]


async def test_a_frame_that_comes_again_ends_as_a_duplicate():
    traced = Traced()
    async with running(traces=traced.traces) as (bench, send):
        sent = frame()
        await send(sent)
        await bench.answered(1)
        await send(sent)
        await bench.answered(2)
        await until(lambda: len(traced.ends("edge")) == 2, "two spans", WITHIN)
    assert sorted(traced.ends("edge")) == [("answered", False), ("duplicate", False)]


async def test_a_frame_that_is_held_back_ends_as_refused():
    traced = Traced()
    async with running(traces=traced.traces, detector=failing(Withheld("detector-failed"))) as (bench, send):
        await send(frame())
        await bench.answered(1)
        await until(lambda: bool(traced.ends("edge")), "the end of the span", WITHIN)
    assert traced.ends("edge") == traced.ends("home") == [("detector-failed", True)]
    assert traced.ends("detect") == [("Withheld", True)]
    assert not traced.spans("cross")


@pytest.mark.parametrize("flow", ["wait", "newest"])
async def test_a_frame_that_the_cloud_does_not_answer_ends_as_lost(flow):
    traced = Traced()
    silent = running(traces=traced.traces, replies=lambda _: [], answer_timeout=0.01)
    async with silent as (_, send):
        await send(frame(flow=flow))
        await until(lambda: bool(traced.ends("edge")), "the end of the span", WITHIN)
    assert traced.ends("edge") == [("cloud-timeout", True)]
    assert traced.ends("cross") == [("unanswered", True)]


async def test_what_the_analyzer_refuses_ends_as_refused():
    traced = Traced()
    refusing = running(
        traces=traced.traces, replies=lambda f: [reply(f, regions=(), refused="unknown-bundle")]
    )
    async with refusing as (bench, send):
        await send(frame())
        await bench.answered(1)
        await until(lambda: bool(traced.ends("edge")), "the end of the span", WITHIN)
    assert traced.ends("edge") == [("analyzer-unknown-bundle", True)]
    assert traced.ends("cross") == [("unknown-bundle", True)]


async def test_a_result_cannot_lead_the_private_side_into_another_trace():
    traced = Traced()
    strange = GIVEN.replace("0af7", "ffff")
    async with running(traces=traced.traces, replies=lambda f: [reply(f, traceparent=strange)]) as (
        bench,
        send,
    ):
        await send(frame(traceparent=GIVEN))
        (answer,) = await bench.answered(1)
        await until(lambda: bool(traced.ends("edge")), "the end of the span", WITHIN)
    (home,) = traced.spans("home")
    assert home.links == ()
    assert answer.traceparent.split("-")[1] == GIVEN.split("-")[1]


@pytest.mark.parametrize("shared", [True, False])
async def test_a_trace_crosses_only_where_the_site_lets_it(shared):
    traced = Traced()
    contract = contract_of(FixedExtractor().profile, NumbersProtection(chain_of(OUTPUT)), may_trace=shared)
    async with running(traces=traced.traces, contract=contract) as (bench, send):
        await send(frame(traceparent=GIVEN))
        await bench.answered(1)
    crossed = {features.traceparent for features in bench.crossed}
    (crossing,) = traced.spans("cross")
    expected = f"00-{GIVEN.split('-')[1]}-{crossing.context.span_id:016x}-01"
    assert crossed == ({expected} if shared else {""})
