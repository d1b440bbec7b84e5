"""A cut network gives what the whole network gives, however its maps are handed out."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper

from feature_node.distributed.cut import Cut, decode_cut, encode_cut
from feature_node.distributed.cutting import load_cut
from feature_node.distributed.graph import cut_network
from feature_node.distributed.pieces import Pieces
from feature_node.distributed.segment import array_of, computed, outputs_of, slice_for, work_for
from feature_node.errors import BadSettings, UnsupportedNetwork
from models.catalogue import find
from tests.unit.feature_node.distributed.networks import conv, model_of, pictures, plain, residual, whole

TOLERANCE = 1e-4


def spread(cut: Cut, batch: np.ndarray, holders: int, seed: int) -> np.ndarray:
    """Run a cut network with each layer's maps handed out at random."""
    pieces, draw = Pieces(cut), np.random.default_rng(seed)
    tensors = {cut.source: batch}
    for wave in range(len(pieces)):
        tensors |= pieces.run(wave, tensors)
        for _, layer in cut.wave(wave):
            owner = draw.integers(0, holders, layer.maps_in)
            sums = [
                np.zeros((len(batch), c.maps_out, c.rows, c.columns), np.float32) for c in layer.convolutions
            ]
            for holder in range(holders):
                maps = tuple(int(k) for k in np.flatnonzero(owner == holder))
                if not maps:
                    continue
                weights = slice_for("h1", layer, maps)
                work = work_for(weights, tensors[layer.tensor][:, list(maps)], run=1, task=0)
                for total, convolution, part in zip(
                    sums, layer.convolutions, computed(weights, work), strict=True
                ):
                    total[:, list(outputs_of(convolution, maps))] += array_of(part)
            for total, convolution in zip(sums, layer.convolutions, strict=True):
                bias = np.frombuffer(convolution.bias, np.float32)[None, :, None, None]
                tensors[convolution.output] = total + bias
    return tensors[cut.result]


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 9), st.integers(0, 99), st.integers(1, 3))
def test_a_cut_network_gives_what_the_whole_one_gives(holders: int, seed: int, n: int) -> None:
    model, batch = residual(), pictures(n, 12)
    made = spread(cut_network(model), batch, holders, seed)
    assert np.abs(made - whole(model, batch)).max() < TOLERANCE


@pytest.mark.parametrize("name", ["gender-ours", "objects-ours", "signs-ours"])
def test_every_shipped_extractor_can_be_cut(name: str) -> None:
    model = (find(name) / "extractor.onnx").read_bytes()
    cut = cut_network(model)
    side = 64 if name == "gender-ours" else 32
    batch = pictures(2, side)
    assert np.abs(spread(cut, batch, 8, 1) - whole(model, batch)).max() < TOLERANCE


def test_who_has_a_map_has_it_for_every_convolution_that_takes_it() -> None:
    cut = cut_network(residual())
    assert [layer.names for layer in cut.layers] == [
        ("body1", "short", "sr"),
        ("body2", "b1r"),
        ("depth", "ar"),
        ("pairs", "d"),
    ]
    assert [layer.maps_in for layer in cut.layers] == [6, 8, 8, 8]


def test_the_first_layer_and_a_last_convolution_stay_with_the_source() -> None:
    assert [layer.name for layer in cut_network(plain()).layers] == ["two", "three"]
    model = plain(last=True)
    cut = cut_network(model)
    assert [layer.name for layer in cut.layers] == ["two"]
    batch = pictures(2, 8)
    assert np.abs(spread(cut, batch, 3, 0) - whole(model, batch)).max() < TOLERANCE


def test_multiplications_are_counted() -> None:
    cut = cut_network(plain())
    assert [piece.multiplications for piece in cut.pieces] == [4 * 3 * 9 * 64, 0, 2 * 64 * 3]


@pytest.mark.parametrize("kept", [1, 2, 3])
def test_the_source_can_keep_the_first_layers(kept: int) -> None:
    model, batch = residual(), pictures(2, 12)
    cut = cut_network(model, kept)
    assert [layer.name for layer in cut.layers] == ["body1", "body2", "depth", "pairs"][kept:]
    assert np.abs(spread(cut, batch, 3, 1) - whole(model, batch)).max() < TOLERANCE
    assert cut == load_cut(model, "here", kept)
    with pytest.raises(UnsupportedNetwork, match="no convolution between"):
        cut_network(model, 4)


def test_a_slice_says_neither_which_maps_nor_which_layer() -> None:
    layer = cut_network(plain()).layers[0]
    weights = slice_for("h1", layer, (1, 3))
    assert set(weights.__struct_fields__) == {"helper", "digest", "maps", "kernels"}
    assert weights.maps == 2
    assert weights.size_bytes == 2 * 4 * 9 * 4


def test_a_cut_survives_the_way_between_processes() -> None:
    assert (
        load_cut(residual(), "here")
        == cut_network(residual())
        == decode_cut(encode_cut(cut_network(residual())))
    )


@pytest.mark.parametrize(
    ("nodes", "weights", "why"),
    [
        ([helper.make_node("Relu", ["input"], ["output"])], {}, "no convolution between"),
        (
            [
                conv("one", "input", "a"),
                conv("two", "a", "b", auto_pad="SAME_UPPER"),
                helper.make_node("Flatten", ["b"], ["f"]),
                helper.make_node("Gemm", ["f", "g.w", "g.b"], ["output"]),
            ],
            {
                "one.w": (4, 3, 1, 1),
                "one.b": (4,),
                "two.w": (4, 4, 1, 1),
                "two.b": (4,),
                "g.w": (256, 2),
                "g.b": (2,),
            },
            "auto_pad",
        ),
    ],
    ids=["nothing", "padding"],
)
def test_what_cannot_be_cut_is_refused_with_the_reason(nodes, weights, why) -> None:
    model = model_of(nodes, weights, 8, "output")
    with pytest.raises(UnsupportedNetwork, match=why):
        cut_network(model)
    with pytest.raises(BadSettings, match=f"here: .*{why}"):
        load_cut(model, "here")


def test_what_is_no_network_is_refused_in_one_line() -> None:
    with pytest.raises(BadSettings, match="cannot be spread over helpers") as refused:
        load_cut(b"no network", "here")
    assert "Traceback" not in str(refused.value)


def test_the_edge_never_loads_onnx() -> None:
    program = (
        "import sys, feature_node.distributed.cutting, feature_node.distributed.pieces; print(*sys.modules)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert "onnx" not in ran.stdout.split()
