"""A recipe: everything that decides what a training run makes, as one frozen value read from YAML."""

import hashlib
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from models.manifest import InputSpec, Name, RegionSpec, Share, Text
from privacy_lab.errors import BadRecipe
from privacy_lab.networks.spec import NetworkSpec
from privacy_lab.noise.plan import NoisePlan

Positive = Annotated[int, msgspec.Meta(ge=1, le=100_000)]
Rate = Annotated[float, msgspec.Meta(gt=0.0, le=1.0)]
Weight = Annotated[float, msgspec.Meta(ge=0.0, le=1000.0)]
Seed = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]

Style = Literal["solid", "blur", "mosaic"]
Embedding = Literal["simple", "siamese", "advanced", "ours"]

_LIKE = "like"


class DataSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which sets, and how their pictures are divided where their makers did not.

    One picture in `held_out` is only measured, or all of `identities_each` identities a label; one in
    `validation` of the rest decides when to stop.
    """

    sets: Annotated[tuple[Text, ...], msgspec.Meta(min_length=1)]
    held_out: Annotated[int, msgspec.Meta(ge=2, le=100)]
    validation: Annotated[int, msgspec.Meta(ge=2, le=100)]
    identities_each: Positive


class CameraViews(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="camera"):
    """Training pictures turned, shifted, coloured, blurred and compressed as cameras and detectors do."""

    flip: bool


class Crops(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="crops"):
    """Training pictures shifted by up to `shift` pixels, a square of `cutout` pixels hidden (0: none)."""

    flip: bool
    shift: Annotated[int, msgspec.Meta(ge=0, le=64)]
    cutout: Annotated[int, msgspec.Meta(ge=0, le=64)]


class TrainingSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How long and how fast to learn. `average` is the share kept by the running mean of the weights."""

    epochs: Positive
    batch: Positive
    rate: Rate
    weight_decay: Share
    smoothing: Share
    average: Share
    patience: Positive
    seed: Seed
    precision: Literal["float32", "bfloat16"] = "float32"


class SiameseSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Contrastive fine-tuning; the defaults but `iterations` are those published (Osia et al., section 4.2).

    `head` is how many times faster the last layer learns. Where a network already holds dissimilar regions
    further apart than `margin`, only the pull on similar ones acts: its strength is `weight`.
    """

    iterations: Positive
    pairs: Positive = 10
    rate: Rate = 1e-4
    momentum: Share = 0.9
    head: Annotated[float, msgspec.Meta(gt=0.0, le=1000.0)] = 10.0
    margin: Annotated[float, msgspec.Meta(gt=0.0, le=1e6)] = 10.0
    weight: Weight = 0.001


class CodeSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The numbers that leave: how many (advanced, ours), each in 2 `levels` + 1 steps over ±`clip` (ours)."""

    numbers: Annotated[int, msgspec.Meta(ge=1, le=4096)]
    levels: Annotated[int, msgspec.Meta(ge=1, le=127)]
    clip: Annotated[float, msgspec.Meta(gt=0.0, le=100.0)]


class DefenceWeights(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much each defence counts beside the primary task; 0 leaves it out.

    `rate` counts for each bit of the code's entropy, `excess` for each bit of it given the label.
    """

    rate: Weight = 0.0
    excess: Weight = 0.0
    decoder: Weight = 0.0
    identity: Weight = 0.0
    distance: Weight = 0.0


class OursSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Fine-tuning of the whole network with a quantised code at the cut, against attackers.

    `teacher` is how much the whole network's own answer counts, instead of the label. In the first `soft`
    share of the steps numbers are bounded but not yet rounded; `rise` is that over which the defences come
    to their full weight.
    """

    epochs: Positive
    rate: Rate
    weight_decay: Share
    average: Share
    teacher: Share
    soft: Share
    rise: Share
    defences: DefenceWeights


class Recipe(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="embedding"):
    """What to train, from what, how, where to cut it and how to send what the front half gives."""

    name: Name
    task: Text
    labels: Annotated[tuple[Text, ...], msgspec.Meta(min_length=2)]
    region: RegionSpec
    input: InputSpec
    network: NetworkSpec
    split: Text
    embedding: Embedding
    code: CodeSpec
    data: DataSpec
    views: CameraViews | Crops
    training: TrainingSpec
    siamese: SiameseSpec
    ours: OursSpec
    floors: dict[str, Share]
    terms: Text
    noise: NoisePlan | None = None

    @property
    def digest(self) -> str:
        """16 hex digits that change with any value that the weights or the noise depend on, and no other."""
        whole = (self.labels, self.region, self.input, self.network, self.data, self.views, self.training)
        noise = () if self.noise is None else (self.noise,)
        return digest_of(whole, self.split, self.embedding, self.code, self.siamese, self.ours, *noise)

    @property
    def takes(self) -> tuple[int, int, int]:
        """The shape of one region as the network takes it: channels, height, width."""
        return (self.input.channels, self.input.height, self.input.width)

    def changed(self, *, embedding: Embedding | None, split: str | None) -> "Recipe":
        """Give the recipe with another embedding or split point, named after the embedding."""
        name = self.name
        if embedding and embedding != self.embedding:
            name = f"{name.removesuffix(f'-{self.embedding}')}-{embedding}"
        return msgspec.structs.replace(
            self, name=name, embedding=embedding or self.embedding, split=split or self.split
        )


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
        return digest_of(how, self.styles, self.every, self.views, self.train, self.held_out)


def digest_of(*decides: object) -> str:
    """Give 16 hex digits over values, the same for equal values."""
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

    With `like: NAME` it takes the values of NAME.yaml beside it, but for those that it gives itself.

    Raises:
        BadRecipe: it is not there, not YAML, or a value is missing or not allowed; the text names which.
    """
    values = _read(path)
    if _LIKE in values:
        beside = path.with_name(f"{values.pop(_LIKE)}.yaml")
        values = _read(beside) | values
    try:
        return msgspec.convert(values, type=Recipe | PictureRecipe)
    except msgspec.ValidationError as error:
        raise BadRecipe(f"{path}: {error}") from error


def _read(path: Path) -> dict[str, Any]:
    try:
        return msgspec.yaml.decode(path.read_bytes(), type=dict[str, Any])
    except OSError as error:
        raise BadRecipe(f"{path}: cannot be read: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadRecipe(f"{path}: {error}") from error
