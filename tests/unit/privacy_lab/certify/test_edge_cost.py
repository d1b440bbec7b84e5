"""What an edge's half costs is measured in processes of their own, beside the network it was cut from."""

import numpy as np
import pytest

pytest.importorskip("torch")

from models.certificate import edge_figures
from models.manifest import ANALYZER, EXTRACTOR
from models.sessions import Session
from privacy_lab.certify.edge_cost import Subject, edge_cost, extractor_cost, measure, median_of
from privacy_lab.certify.whole import trivial_network, whole_network
from privacy_lab.errors import MeasureFailed
from tests.unit.models import made

TAKES = (3, made.SIDE, made.SIDE)


def test_the_whole_network_answers_as_the_halves_do_one_after_the_other():
    halves = made.halves()
    whole = Session(whole_network(halves[EXTRACTOR], halves[ANALYZER]), "whole", TAKES, (2,))
    pictures = np.random.default_rng(1).normal(size=(5, *TAKES)).astype(np.float32)
    code = Session(halves[EXTRACTOR], "edge", TAKES, (4,)).run(pictures)
    answers = Session(halves[ANALYZER], "cloud", (4,), (2,)).run(code)
    assert np.allclose(whole.run(pictures), answers, atol=1e-6)


def test_halves_that_do_not_fit_are_no_network():
    with pytest.raises(MeasureFailed, match="do not make one network"):
        whole_network(made.halves()[EXTRACTOR], made.network((5,), 2))


def test_the_trivial_network_takes_what_the_others_take():
    trivial = Session(trivial_network(TAKES), "trivial", TAKES, (2,))
    assert trivial.run(np.ones((3, *TAKES), np.float32)).shape == (3, 2)


@pytest.mark.parametrize(
    ("values", "low", "middle", "high"),
    [
        ([3.0], 3.0, 3.0, 3.0),
        ([5, 1, 4, 2, 3, 6], 1, 3.5, 6),
        (range(1, 8), 1, 4, 7),
        (range(1, 10), 2, 5, 8),
        (range(1, 101), 40, 50.5, 61),
    ],
)
def test_the_median_of_a_few_has_the_interval_that_their_order_gives(values, low, middle, high):
    found = median_of([float(value) for value in values])
    assert (found.low, found.value, found.high) == (low, middle, high)


def test_a_larger_network_costs_more_of_its_own():
    small = Subject("onnxruntime", made.network(TAKES, 4), (4,))
    large = Subject("onnxruntime", made.network(TAKES, 20_000), (20_000,))
    told: list[tuple[int, int]] = []
    found = measure({"small": small, "large": large}, TAKES, repetitions=1, watch=lambda *at: told.append(at))
    weights_mib = 4 * np.prod(TAKES) * 20_000 / 2**20
    difference = found["large"]["resident_mib"].value - found["small"]["resident_mib"].value
    assert weights_mib / 2 < difference < 4 * weights_mib
    assert found["small"]["process_resident_mib"].value > 4 * found["small"]["resident_mib"].value
    assert found["small"]["process_load_seconds"].value > found["small"]["load_seconds"].value
    assert told == [(2, 4), (4, 4)]


def test_the_cost_of_a_bundle_has_an_interval_for_every_figure():
    files = made.halves()
    cost, intervals = edge_cost(
        made.manifest(files), files[EXTRACTOR], files[ANALYZER], repetitions=1, torch=False
    )
    assert set(intervals) == set(edge_figures(cost))
    assert all(
        low <= figure <= high
        for (low, high), figure in ((intervals[name], value) for name, value in edge_figures(cost).items())
    )


def test_a_network_runs_in_torch_by_the_same_rule():
    subject = Subject("torch", made.network(TAKES, 4), (4,))
    found = measure({"torch": subject}, TAKES, repetitions=1, watch=lambda *at: None)["torch"]
    assert found["process_resident_mib"].value > 4 * found["resident_mib"].value
    assert found["process_load_seconds"].value > found["load_seconds"].value


def test_a_network_that_does_not_run_is_told_in_one_line():
    with pytest.raises(MeasureFailed, match=r"extractor: does not run in a process of its own: .*not float"):
        extractor_cost(made.manifest(made.halves()), made.network((4,), 4), repetitions=1)
