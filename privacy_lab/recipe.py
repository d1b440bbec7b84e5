"""A recipe: everything that decides what a training run makes, as one frozen value read from YAML."""

import hashlib
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from models.manifest import InputSpec, Name, RegionSpec, Share, Text
from privacy_lab.errors import BadRecipe

Positive = Annotated[int, msgspec.Meta(ge=1, le=100_000)]
Rate = Annotated[float, msgspec.Meta(gt=0.0, le=1.0)]


Style = Literal["solid", "blur", "mosaic"]


class NetworkSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A compact residual network: channels a stage, the code that may be sent, channels behind it."""

    widths: Annotated[tuple[Positive, ...], msgspec.Meta(min_length=2, max_length=6)]
    code: Positive
    behind: Positive
    clip: Annotated[float, msgspec.Meta(gt=0.0, le=100.0)]


class DataSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the pictures are divided: one in `held_out`, one in `validation` of the rest, whole identities."""

    held_out: Annotated[int, msgspec.Meta(ge=2, le=100)]
    validation: Annotated[int, msgspec.Meta(ge=2, le=100)]
    identities_each: Positive


class TrainingSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long and how fast to learn. `average` is the share kept by the running mean of the weights."""

    epochs: Positive
    batch: Positive
    rate: Rate
    weight_decay: Share
    smoothing: Share
    average: Share
    patience: Positive
    seed: Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]


class Recipe(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="embedding"):
    """What to train, from what, how, where to cut it and how to send what the front half gives."""

    name: Name
    task: Text
    labels: tuple[Text, ...]
    region: RegionSpec
    input: InputSpec
    network: NetworkSpec
    split: Text
    dtype: Literal["int8", "float16", "float32"]
    data: DataSpec
    training: TrainingSpec
    floors: dict[str, Share]
    terms: Text

    @property
    def digest(self) -> str:
        """16 hex digits that change with any value that the weights depend on, and with no other."""
        decides = (self.labels, self.region, self.input, self.network, self.data, self.training)
        return hashlib.sha256(msgspec.json.encode(decides, order="deterministic")).hexdigest()[:16]


class PictureRecipe(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="picture"):
    """A network that answers whole censored pictures: each `every`-th frame of the clip sets named.

    `held_out` names clip sets, or single clips as `set/stem`, that are only measured. Each epoch shows
    `views` pictures, half of them with shaded regions.
    """

    name: Name
    task: Text
    labels: tuple[Text, Text]
    input: InputSpec
    widths: Annotated[tuple[Positive, ...], msgspec.Meta(min_length=2, max_length=6)]
    styles: Annotated[tuple[Style, ...], msgspec.Meta(min_length=1)]
    every: Positive
    views: Annotated[int, msgspec.Meta(ge=2, le=100_000)]
    train: tuple[Text, ...]
    held_out: tuple[Text, ...]
    training: TrainingSpec
    floor: Share
    terms: Text

    @property
    def digest(self) -> str:
        """16 hex digits that change with any value that the weights depend on, and with no other."""
        how = (self.input, self.widths, self.training)
        decides = (how, self.styles, self.every, self.views, self.train, self.held_out)
        return hashlib.sha256(msgspec.json.encode(decides, order="deterministic")).hexdigest()[:16]


def read_recipe(path: Path) -> Recipe:
    """Read the recipe of an embedding from a YAML file.

    Raises:
        BadRecipe: as `read_any_recipe`, or the recipe is of another kind.
    """
    recipe = read_any_recipe(path)
    if not isinstance(recipe, Recipe):
        raise BadRecipe(f"{path}: kind: picture is not embedding, which is asked for here")
    return recipe


def read_any_recipe(path: Path) -> Recipe | PictureRecipe:
    """Read a recipe from a YAML file; its `kind` says which.

    Raises:
        BadRecipe: it is not there, not YAML, or a value is missing or not allowed; the text names which.
    """
    try:
        return msgspec.yaml.decode(path.read_bytes(), type=Recipe | PictureRecipe)
    except OSError as error:
        raise BadRecipe(f"{path}: cannot be read: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise BadRecipe(f"{path}: {error}") from error
