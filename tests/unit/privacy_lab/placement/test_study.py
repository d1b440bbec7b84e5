import msgspec

from feature_node.placement.model import SOURCE
from privacy_lab.placement.exact import Exact
from privacy_lab.placement.instances import instances
from privacy_lab.placement.study_page import page_of
from privacy_lab.placement.study_plots import plots_of
from privacy_lab.placement.study_results import Decision, Gap, Point, Rejection, Study, encode_study


def point(**changed) -> Point:
    usual = Point(
        figure="mix",
        at="70/30",
        ssim=0.4,
        solver="ours",
        asked=320,
        rejected=16,
        given_up=0,
        mean_seconds=1.25,
        total_seconds=400.0,
        shared_bytes=7.5e9,
        left_out=("vgg19",),
    )
    return msgspec.structs.replace(usual, **changed)


STUDY = Study(
    made_by="a test",
    machine="paper",
    seed=1,
    requests=320,
    period_seconds=10.0,
    thrift=4.0,
    unsolved=2,
    gaps=(
        Gap(
            solver="algorithm-1",
            instances=50,
            missed=3,
            mean=1.375,
            median=1.0,
            p95=3.0,
            worst=7.0,
            within=0.1,
        ),
    ),
    decisions=(Decision(mix="100 rpi3", solver="ours", median_ms=6.5, worst_ms=8.0, latency_seconds=0.29),),
    rejections=(Rejection(solver="ours", asked=320, rejected=32, refused=7, servable=0, unknown=1),),
    points=(
        point(),
        point(solver="algorithm-1", rejected=80, mean_seconds=None),
        point(figure="network", at="lenet"),
    ),
)


def test_instances_are_the_same_for_a_seed_and_small_enough_to_prove() -> None:
    first, again = list(instances(6, seed=3)), list(instances(6, seed=3))
    assert [each.network for each in first] == [each.network for each in again]
    assert [each.network for each in first] != [each.network for each in instances(6, seed=4)]
    for problem in first:
        assert problem.network.is_chain
        assert problem.caps.split > 1
        assert not problem.caps.is_free(problem.network, 1)
    held = Exact(20.0).solve(first[0])
    assert set(held[0]) == {SOURCE}


def test_the_page_says_what_was_found_and_what_was_left_out() -> None:
    page = page_of(STUDY, plots_of(STUDY))
    for said in (
        "| Algorithm 1 | 50 | 137.5 % | 100.0 % | 300.0 % | 700.0 % | 10 % | 3 |",
        "| 100 rpi3 | ours | 6.5 ms | 8.0 ms | 0.29 s |",
        "| ours | 32 of 320 (10.0 %) | 7 | 0 | 1 |",
        "vgg19 is left out at SSIM 0.4",
        "| mix | 70/30 | 0.4 | Algorithm 1 | 25.0 % | 0 | – | 7.5 |",
        "2 instances were not proved in time",
        "![distprivacy-mix](distprivacy-mix.svg)",
    ):
        assert said in page


def test_each_axis_has_a_plot_that_is_drawn_alike_each_time() -> None:
    plots = plots_of(STUDY)
    assert list(plots) == ["distprivacy-mix", "distprivacy-network"]
    assert "SSIM 0.4, ours" in plots["distprivacy-mix"]
    assert plots_of(STUDY) == plots


def test_a_written_study_reads_back() -> None:
    assert msgspec.json.decode(encode_study(STUDY), type=Study) == STUDY


def test_maps_before_and_behind_an_activation_have_one_cap() -> None:
    for problem in instances(20, seed=5):
        layers, most = problem.network.layers, problem.caps.most
        for place, layer in enumerate(layers[:-1]):
            if layer.kind in {"act", "pool"} and layers[place + 1].maps_in == layer.maps_in > 1:
                assert most[place] == most[place + 1]
