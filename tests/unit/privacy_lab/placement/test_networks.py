import msgspec
import pytest

from feature_node.placement.privacy import caps_of
from privacy_lab.errors import BadRecipe
from privacy_lab.networks.build import build
from privacy_lab.networks.cost import costs, total
from privacy_lab.networks.spec import NetworkSpec
from privacy_lab.placement.networks import SIMULATED, planned, published_table


@pytest.mark.parametrize("name", SIMULATED)
def test_segments_add_up_to_the_whole_network(name) -> None:
    takes = SIMULATED[name]
    network = planned(name, takes)
    assert network.is_chain
    whole = total(costs(build(NetworkSpec(name), takes, 10), takes)) if "vgg" not in name else None
    done = sum(layer.multiplications * layer.maps_in for layer in network.layers)
    if whole is not None:
        assert done == whole.multiply_adds
        biases = sum(layer.maps_out for layer in network.layers if layer.kind == "conv") + sum(
            layer.map_bytes_out // 4 for layer in network.layers if layer.kind == "fc"
        )
        weights = sum(layer.weight_bytes * layer.maps_in for layer in network.layers)
        assert weights == 4 * (whole.parameters - biases)
    else:
        assert 4e9 < done < 8e9


def test_a_dense_layer_takes_maps_where_a_convolution_gives_them() -> None:
    dense = {layer.name: layer for layer in planned("six-conv", (3, 32, 32)).layers if layer.kind == "fc"}
    assert (dense["fc1"].maps_in, dense["fc1"].map_bytes_in, dense["fc1"].map_bytes_out) == (128, 64, 2048)
    assert (dense["fc2"].maps_in, dense["fc2"].map_bytes_in) == (1, 2048)


def test_table_1_gives_the_caps_that_the_paper_names() -> None:
    network = planned("six-conv", (3, 32, 32))
    caps = caps_of(published_table(network), network, 0.4)
    most = {layer.name: cap for layer, cap in zip(network.layers, caps.most, strict=True)}
    # Section II-C: Nf^11(0.4) = 8, Nf^22 = 16. Of ReLU32 it says 32, where Table I has 0.41: 16.
    assert (most["conv12"], most["pool2"], most["pool3"]) == (8, 16, 16)
    assert most["ReLU22"] == 16
    assert most["conv22"] == 16  # as many maps as ReLU22 gives


def test_table_1_allows_no_placement_of_vgg19_at_0_4() -> None:
    network = planned("vgg19", (3, 128, 128))
    assert 0 in caps_of(published_table(network), network, 0.4).most[1:30]
    assert 0 not in caps_of(published_table(network), network, 0.6).most[1:-1]


def test_what_has_no_segments_or_no_rows_is_refused() -> None:
    with pytest.raises(BadRecipe, match="has no segments"):
        planned("ryu", (3, 32, 32))
    lenet = planned("lenet", (1, 28, 28))
    with pytest.raises(BadRecipe, match="no rows"):
        published_table(msgspec.structs.replace(lenet, name="other"))
