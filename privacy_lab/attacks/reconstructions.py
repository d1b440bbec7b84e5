"""All reconstruction attacks by name, each with what its adversary knows and the settings it ran with."""

from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, Final, Literal, assert_never, final

from privacy_lab.attacks.decoder import Decoder, DecoderSettings, StructuralSettings, train_decoder
from privacy_lab.attacks.inverse import InverseSettings, inverse_attack
from privacy_lab.attacks.refined import RefinedSettings, refined_attack
from privacy_lab.attacks.rmle import RmleSettings, rmle_attack
from privacy_lab.attacks.shadow import ShadowSettings, shadow_attack
from privacy_lab.attacks.sight import Images, Sight

Name = Literal["decoder", "rmle", "refined", "inverse", "shadow", "structural"]

NAMES: Final[tuple[Name, ...]] = ("decoder", "rmle", "refined", "inverse", "shadow", "structural")
"""In an order in which what one has trained serves the next."""

KNOWS: Final[dict[Name, str]] = {
    "decoder": "queries of the whole edge with pictures of his own",
    "rmle": "the extractor's weights; pictures of his own to choose one weight by",
    "refined": "the extractor's weights, and queries with pictures of his own",
    "inverse": "queries of the whole edge with pictures of his own",
    "shadow": "the analyzer's weights and labelled pictures of his own; no queries, no extractor",
    "structural": "queries of the whole edge with pictures of his own, and what he is scored by",
}


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of every attack."""

    decoder: DecoderSettings = field(default_factory=DecoderSettings)
    rmle: RmleSettings = field(default_factory=RmleSettings)
    refined: RefinedSettings = field(default_factory=RefinedSettings)
    inverse: InverseSettings = field(default_factory=InverseSettings)
    shadow: ShadowSettings = field(default_factory=ShadowSettings)
    structural: StructuralSettings = field(default_factory=StructuralSettings)

    def of(self, name: Name) -> dict[str, Any]:
        """Give one attack's settings as plain values for a record."""
        own: dict[str, Any] = asdict(self)[name]
        return own | {"decoder": asdict(self.decoder)} if name == "refined" else own


@final
class Workbench:
    """One sight under several attacks: the decoder is trained once, for its own attack and for refinement."""

    def __init__(self, sight: Sight, settings: Settings) -> None:
        self._sight, self._settings = sight, settings

    @cached_property
    def decoder(self) -> Decoder:
        """The decoder of this sight, trained when it is first asked for."""
        return train_decoder(self._sight, self._settings.decoder)

    def reconstruct(self, name: Name) -> Images:
        """Reconstruct the observed regions by the attack of that name, float32 [n, h, w, 3] in [0, 1].

        Raises:
            AttackImpossible: Its adversary lacks something here; the text says what.
        """
        match name:
            case "decoder":
                return self.decoder.decode(self._sight.observed)
            case "rmle":
                return rmle_attack(self._sight, self._settings.rmle)
            case "refined":
                return refined_attack(self._sight, self.decoder, self._settings.refined)
            case "inverse":
                return inverse_attack(self._sight, self._settings.inverse)
            case "shadow":
                return shadow_attack(self._sight, self._settings.shadow)
            case "structural":
                own = self._settings.structural
                return train_decoder(self._sight, own.decoder, own.weight).decode(self._sight.observed)
        assert_never(name)
