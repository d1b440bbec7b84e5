"""Tiny faces, recipes and examples that tests make: men are dark, women are light."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import final

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.manifest import InputSpec
from models.pictures import encode_picture
from privacy_lab.networks.spec import NetworkSpec
from privacy_lab.recipe import Embedding, Recipe, read_recipe

RECIPES = Path(__file__).parents[3] / "privacy_lab" / "recipes"
GENDER_SIMPLE = RECIPES / "gender-simple.yaml"
GENDER_OURS = RECIPES / "gender-ours.yaml"
SIDE = 16


def picture(label: int, seed: int, width: int = 24, height: int = 32) -> bytes:
    noise = np.random.default_rng(seed).normal(0, 45, (height, width, 3))
    return encode_picture(np.clip(noise + (70 + 110 * label), 0, 255).astype(np.uint8), 95)


def gender_zip(path: Path, each: int = 40) -> Path:
    """gender.zip in the form its makers gave it, `each` pictures a label."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for label, folder in enumerate(("man", "woman")):
            for number in range(each):
                archive.writestr(f"{folder}/face_{number}.jpg", picture(label, 1000 * label + number))
        archive.writestr("README.txt", "not a picture")
    return path


def facescrub_zip(path: Path, each: int = 6) -> Path:
    """FaceScrub crops with labels.csv, three identities a label, `each` pictures an identity."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = io.StringIO("file,identity,gender,width\r\n")
    rows.seek(0, io.SEEK_END)
    with zipfile.ZipFile(path, "w") as archive:
        for label, letter in enumerate("MF"):
            for person in range(3):
                for number in range(each):
                    name = f"{letter}_{person}/{number}.jpg"
                    data = picture(label, 7000 + 700 * label + 70 * person + number, 40, 40)
                    archive.writestr(f"images/{name}", data)
                    rows.write(f"{name},{letter} {person},{letter},40\r\n")
        rows.write("M_0/absent.jpg,M 0,M,40\r\n")
        archive.writestr("labels.csv", rows.getvalue())
    return path


def data_folder(folder: Path) -> Path:
    gender_zip(folder / "faces" / "gender.zip")
    facescrub_zip(folder / "faces" / "facescrub12-crops.zip")
    return folder


def recipe(embedding: Embedding = "simple", **training: object) -> Recipe:
    """The shipped recipe, shrunk to run in a second."""
    plain = read_recipe(GENDER_SIMPLE)
    brief = {"epochs": 4, "batch": 16, "average": 0.8, "patience": 4, "precision": "float32"} | training
    return msgspec.structs.replace(
        plain,
        name="tiny",
        embedding=embedding,
        input=InputSpec(SIDE, SIDE, 3, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)),
        network=NetworkSpec("residual", (4, 6, 8, 8), (2, 2, 2, 1)),
        split="stage2",
        code=msgspec.structs.replace(plain.code, numbers=3),
        data=msgspec.structs.replace(plain.data, identities_each=1),
        training=msgspec.structs.replace(plain.training, **brief),
        siamese=msgspec.structs.replace(plain.siamese, iterations=20),
        ours=msgspec.structs.replace(plain.ours, epochs=6, average=0.8),
        floors={},
    )


@final
class Noise:
    """Examples of a made task: is the mean above zero?"""

    steps = 5

    def epoch(self, number: int) -> Iterator[tuple[NDArray[np.float32], NDArray[np.int64]]]:
        random = np.random.default_rng([3, number])
        for _ in range(self.steps):
            yield self._batch(random)

    def validation(self) -> Iterator[tuple[NDArray[np.float32], NDArray[np.int64]]]:
        yield self._batch(np.random.default_rng(99))

    def _batch(self, random: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        labels = random.integers(0, 2, 16)
        noise = random.normal(0, 1, (16, 3, SIDE, SIDE)) + (labels - 0.5)[:, None, None, None]
        return noise.astype(np.float32), labels.astype(np.int64)
