"""An extractor spread over helpers, as a pipeline says it: accounts, settings, refusals, and words."""

import pytest

from broker.plain_json import encode_plain
from broker.status import HelperShare, LayerShare, PlacementStatus
from broker.topic import Role
from feature_node.distributed.settings import decode_helper_settings
from feature_node.errors import BadDevices, BadSettings
from feature_node.settings import decode_settings
from models.catalogue import find
from penumbra.brokers import DEFAULT_HELPERS, helper_names, private_accounts
from penumbra.errors import ConfigError
from penumbra.flags import FLAGS
from penumbra.node_settings import check_spread, distributed_settings, edge_settings, helper_settings
from penumbra.pipeline_file import load_pipeline, pipeline_of_flags
from penumbra.pipeline_schema import Pipeline
from penumbra.placement_text import placement_lines
from penumbra.plan import Somewhere, plan
from tests.unit.feature_node.distributed.tables import table_of, write_table

ELSEWHERE = "mqtt://broker.local:1883"


def pipeline(helpers: int | None = 8, broker: str | None = None, **edge: object) -> Pipeline:
    private = {"cameras": {"yard": {"source": "demo:"}}, "helpers": helpers, "broker": broker}
    content = {"private": private, "edge": {"extractor": "distributed", "bundle": "signs-ours", **edge}}
    return pipeline_of_flags(content, {"helpers": "--helpers"})


def test_helpers_have_accounts_of_their_own_and_the_edge_waits_for_all() -> None:
    told = pipeline(3)
    accounts = {account.username for account in private_accounts(told)}
    assert {"helper-helper-1", "helper-helper-2", "helper-helper-3"} < accounts
    settings = decode_settings(encode_plain(edge_settings(told, Somewhere(), Somewhere())))
    assert (settings.extractor, settings.distributed.helpers) == ("distributed", 3)


def test_helpers_run_here_only_where_nobody_else_could_help() -> None:
    assert len(helper_names(pipeline(None))) == DEFAULT_HELPERS
    assert helper_names(pipeline(None, ELSEWHERE)) == []
    assert len(helper_names(pipeline(2, ELSEWHERE))) == 2
    assert helper_names(pipeline(None, extractor="bundle")) == []


def test_what_was_written_arrives(tmp_path) -> None:
    file = tmp_path / "pipeline.yaml"
    file.write_text(
        "private: {helpers: 4, cameras: {yard: {source: 'demo:'}}}\n"
        "edge:\n  extractor: distributed\n"
        "  distributed: {max_ssim: 0.3, colluding: 2, keep_first: 1, deadline_ms: 500,\n"
        "    table: t.json, rate: 8 Mb/s}\n"
    )
    told = distributed_settings(load_pipeline(file))
    assert (told.max_ssim, told.colluding, told.deadline_ms, told.helpers) == (0.3, 2, 500, 4)
    assert told.keep_first == 1
    assert told.table == tmp_path / "t.json"
    assert told.rate_bytes_per_second == 1e6
    more = load_pipeline(file, {"bundle": "signs-ours"}, private={"helpers": 6})
    assert (more.edge.kind, len(helper_names(more))) == ("distributed", 6)
    flags = distributed_settings(load_pipeline(file, {"distributed": {"max_ssim": 0.5, "colluding": None}}))
    assert (flags.max_ssim, flags.colluding, flags.deadline_ms) == (0.5, 2, 500), "the file's own stay"


@pytest.mark.parametrize(
    ("edge", "says"),
    [
        ({"distributed": {"max_ssim": 2}}, "an SSIM"),
        ({"distributed": {"rate": "0 Mb/s"}}, "data rate"),
        ({"distributed": {"rate": "fast"}}, "data rate"),
        ({"distributed": {"colluding": 0}}, "number of helpers"),
        ({"distributed": {"privacy": 1}}, "privacy"),
        ({"extractor": "bundle", "distributed": {"max_ssim": 0.3}}, "extractor: distributed"),
    ],
)
def test_what_cannot_be_meant_is_refused(edge: dict[str, object], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        pipeline(**edge)


def test_a_wrong_flag_is_named() -> None:
    for key, value, flag in (("max_ssim", 2, "--max-ssim"), ("colluding", 0, "--colluding")):
        content = {"edge": {"extractor": "distributed", "distributed": {key: value}}}
        with pytest.raises(ConfigError, match=f"^{flag}: "):
            pipeline_of_flags(content, FLAGS)


def test_too_many_helpers_are_refused() -> None:
    with pytest.raises(ConfigError, match="--helpers"):
        pipeline(65)


def test_it_is_refused_before_anything_runs(tmp_path) -> None:
    with pytest.raises(ConfigError, match="nothing to do"):
        check_spread(pipeline(4, extractor="bundle"))
    table = str(write_table(tmp_path / "table.json", table_of(find("signs-ours"), 8)))
    with pytest.raises(BadSettings, match="takes 8 helpers"):
        check_spread(pipeline(4, distributed={"table": table, "keep_first": 0}))
    check_spread(pipeline(8, distributed={"table": table}))
    lines = plan(pipeline(8, distributed={"table": table}), "up")
    assert "spread over 8 helpers started here: none can rebuild a picture to more than SSIM 0.6" in lines


def test_a_helper_is_told_its_broker_and_what_it_has() -> None:
    told = helper_settings("h1", Somewhere(), memory="64 MB", rate="7.2 Mb/s")
    again = decode_helper_settings(encode_plain(told))
    assert again == told
    assert (told.memory_bytes, told.rate_bytes_per_second) == (64_000_000, 900_000)
    assert told.private.username == f"{Role.HELPER}-h1"
    with pytest.raises(BadDevices, match="--rate"):
        helper_settings("h1", Somewhere(), rate="0 Mb/s")


def test_the_plan_is_told_in_words() -> None:
    helper = HelperShare(
        working=True, maps=9, seen=9, sent_bytes=1000, received_bytes=500, milliseconds=4.2, ssim=0.387
    )
    rests = HelperShare(working=False, maps=0, seen=9, sent_bytes=0, received_bytes=0, milliseconds=0)
    idle = HelperShare(working=True, maps=0, seen=0, sent_bytes=0, received_bytes=0, milliseconds=0)
    layer = LayerShare(layer="conv2", maps=16, holders=2, most_seen=4, cap=4, ssim=0.3651)
    status = PlacementStatus(
        max_ssim=0.4,
        colluding=2,
        solver="ours",
        expected_ms=3.0,
        kept=2,
        helpers={"h1": helper, "h2": rests, "h3": idle},
        layers=(layer,),
    )
    first, second = placement_lines(status)
    assert "1 of 3 helpers" in first
    assert "no 2 of them together can rebuild a picture to more than SSIM 0.4" in first
    assert "conv2: 4 of 16 maps ever seen by one, good for SSIM 0.37" in first
    assert first.endswith("the edge keeps the first 2 layers")
    assert second == "h1 9 maps (SSIM 0.39 at most), 1.5 kB, 4 ms · h2 rests · h3 is not needed"
