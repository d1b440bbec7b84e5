"""Child: the bundle's whole network in torch: load library and weights, answer once, say the memory."""

import os
from pathlib import Path

import msgspec
import torch
from safetensors.torch import load_file, save_file

from benchmarks.children import own_arguments, say
from benchmarks.machine import Memory, memory_of
from privacy_lab.networks.build import build
from privacy_lab.recipe import read_recipe


class Network(msgspec.Struct, frozen=True):
    """The recipe that names the network, where its weights are, and whether they are to be made first.

    The bundle ships ONNX files only. Freshly drawn weights of the same shapes take the same time and memory.
    """

    recipe: Path
    weights: Path
    make: bool


def answer(task: Network) -> Memory:
    """Make or load the weights, run the network once, and look at this process's memory."""
    recipe = read_recipe(task.recipe)
    network = build(recipe.network, recipe.takes, len(recipe.labels)).eval()
    if task.make:
        save_file(network.state_dict(), task.weights)
    else:
        network.load_state_dict(load_file(task.weights))
        with torch.inference_mode():
            network(torch.zeros(1, recipe.input.channels, recipe.input.height, recipe.input.width))
    return memory_of(os.getpid())


if __name__ == "__main__":
    say(answer(own_arguments(Network)))
