import msgspec

from feature_node.placement.model import SOURCE
from models.certificate import Figure
from privacy_lab.placement.caps_attacked import CapAttacked
from privacy_lab.placement.collusion import CollusionAttacked
from privacy_lab.placement.exact import Exact
from privacy_lab.placement.instances import instances
from privacy_lab.placement.study_beside import beside_published
from privacy_lab.placement.study_page import page_of
from privacy_lab.placement.study_pieces import Piece, Pieces
from privacy_lab.placement.study_plots import plots_of
from privacy_lab.placement.study_results import (
    Beside,
    BesideCell,
    Decision,
    Gap,
    Point,
    Rejection,
    Solved,
    Study,
    encode_study,
)
from privacy_lab.placement.study_solvers import gaps_of


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


def colluded(planned: int, together: int, reached: float) -> CollusionAttacked:
    figure, floor = Figure(reached, reached - 0.01, reached + 0.01), Figure(0.34, 0.33, 0.35)
    found = CapAttacked(0.7, {"conv2": 16, "conv3": 32}, "decoder", figure, floor)
    return CollusionAttacked(
        network="tiny", data="faces", helpers=8, planned=planned, together=together, found=found
    )


STUDY = Study(
    made_by="a test",
    machine="paper",
    seed=1,
    requests=320,
    instances=60,
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
    beside=(
        Beside(
            called="CIFAR",
            network="six-conv",
            layer="ReLU11",
            data="pictures",
            cells=(
                BesideCell(maps=2, published=0.26, measured=0.853),
                BesideCell(maps=4, published=0.3, measured=None),
            ),
        ),
    ),
    collusion=(
        colluded(planned=1, together=2, reached=0.72),
        colluded(planned=2, together=2, reached=0.61),
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
        "Of 60 drawn, 5 have no placement at all, as was proved, and 2 were not proved in time",
        "![distprivacy-mix](distprivacy-mix.svg)",
        "| six-conv (CIFAR) | ReLU11 | 0.26 / 0.85 | 0.3 / – |",
        "| 0.7 | 1 | 2 | 16 + 32 | 0.720 (0.710–0.730) | 0.340 | no |",
        "| 0.7 | 2 | 2 | 16 + 32 | 0.610 (0.600–0.620) | 0.340 | yes |",
        "attacked by as many: the cap held in 1 of 1",
    ):
        assert said in page


def test_a_piece_that_is_done_is_not_made_again_unless_it_is_damaged(tmp_path) -> None:
    made: list[int] = []
    told: list[tuple[int, int, str]] = []

    def make() -> Decision:
        made.append(1)
        return STUDY.decisions[0]

    pieces = [Piece("a decision", ("vgg16", 0.4), Decision, make), Piece("another", (2,), Decision, make)]
    for _ in range(2):
        found = Pieces(tmp_path, lambda *what: told.append(what), 2).all(pieces)
        assert found == STUDY.decisions * 2
    assert len(made) == 2
    assert told[-1] == (2, 2, "another")
    for path in tmp_path.iterdir():
        path.write_bytes(path.read_bytes()[:-3])
    Pieces(tmp_path, lambda *_: None, 2).all(pieces)
    assert len(made) == 4


def test_a_solver_that_solved_nothing_has_no_gap() -> None:
    ours, algorithm_1 = gaps_of(
        [
            Solved(proved=True, best=2.0, found={"ours": 3.0, "algorithm-1": None}),
            Solved(proved=True, best=None, found={}),
            Solved(proved=False, best=None, found={}),
        ]
    )
    assert (ours.instances, ours.missed, ours.mean, ours.within) == (1, 0, 0.5, 0.0)
    assert (algorithm_1.instances, algorithm_1.missed, algorithm_1.worst) == (0, 1, None)
    study = msgspec.structs.replace(STUDY, gaps=(ours, algorithm_1))
    assert "| Algorithm 1 | 0 | – | – | – | – | – | 1 |" in page_of(study, {})
    assert msgspec.json.decode(encode_study(study), type=Study) == study


def test_table_one_stands_beside_what_ships() -> None:
    rows = {(row.network, row.layer): row for row in beside_published()}
    known = rows["six-conv", "ReLU11"]
    assert known.data
    assert all(cell.measured is not None for cell in known.cells)


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
