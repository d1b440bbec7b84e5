"""The reconstruction attacks of a battery, and the references beside them, scored picture by picture."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Any, Final, cast, final

import numpy as np

from privacy_lab.attacks.floors import answer_alone, class_mean
from privacy_lab.attacks.reconstructions import NAMES, Name, Settings, Workbench
from privacy_lab.attacks.scores import score
from privacy_lab.attacks.sight import Images, Sight, as_images
from privacy_lab.attacks.victim import Pixels
from privacy_lab.battery.records import AttackRecord
from privacy_lab.battery.statistics import figure_of
from privacy_lab.battery.store import Arrays
from privacy_lab.identity.ties import Doubles

FLOOR: Final = "class-mean"
ANSWER_ALONE: Final = "answer-alone"
ANSWER_ALONE_STRUCTURAL: Final = "answer-alone-structural"
REFERENCES: Final = (FLOOR, ANSWER_ALONE, ANSWER_ALONE_STRUCTURAL)
RECONSTRUCTIONS: Final[tuple[str, ...]] = NAMES
_SAMPLES: Final = 12

_STRUCTURAL: Final = "structural"
_SCORES: Final = ("ssim", "psnr", "mse")
_BOUNDS: Final = {"ssim": (-1.0, 1.0), "mse": (0.0, 1.0), "psnr": (-np.inf, np.inf)}


@final
class Bench:
    """One seed's attacks and references on the same payloads; `watch` is told which, and how far it is."""

    def __init__(self, sight: Sight, settings: Settings, watch: Callable[[str, float], None]) -> None:
        self._sight, self._settings = replace(sight, watch=self._tell), settings
        self._work = Workbench(self._sight, settings)
        self._watch, self._name = watch, ""

    def make(self, name: str) -> Images:
        """Reconstruct by the attack or reference of that name, float32 [n, h, w, 3] in [0, 1].

        Raises:
            AttackImpossible: its adversary lacks something here.
        """
        self._name = name
        if name == FLOOR:
            return class_mean(self._sight)
        if name == ANSWER_ALONE:
            return answer_alone(self._sight, self._settings.decoder)
        if name == ANSWER_ALONE_STRUCTURAL:
            own = self._settings.structural
            return answer_alone(self._sight, own.decoder, own.weight)
        return self._work.reconstruct(cast("Name", name))

    def _tell(self, share: float) -> None:
        self._watch(self._name, share)


def references_of(attacks: Sequence[str]) -> tuple[str, ...]:
    """Give the references that stand beside these attacks: none beside none."""
    if not attacks:
        return ()
    return REFERENCES if _STRUCTURAL in attacks else (FLOOR, ANSWER_ALONE)


def settings_of(name: str, settings: Settings) -> dict[str, Any]:
    """Give the settings of the attack or reference of that name as plain values, groups as GROUP.VALUE."""
    if name == FLOOR:
        return {}
    attack = _STRUCTURAL if name == ANSWER_ALONE_STRUCTURAL else cast("Name", name)
    plain = asdict(settings.decoder) if name == ANSWER_ALONE else settings.of(attack)
    flat: dict[str, Any] = {}
    for key, value in plain.items():
        if isinstance(value, dict):
            flat |= {f"{key}.{part}": _plain(inner) for part, inner in value.items()}
        else:
            flat[key] = _plain(value)
    return flat


def shown(n: int) -> list[int]:
    """Choose of n pictures those to look at: spread over all, since sets come label by label."""
    return [int(k) for k in np.linspace(0, n - 1, min(n, _SAMPLES)).round()]


def scored(originals: Pixels, made: Images) -> Arrays:
    """Score reconstructions picture by picture, and keep a few to look at."""
    scores = score(as_images(originals), made)
    samples = np.rint(255 * made[shown(len(made))]).astype(np.uint8)
    return {"ssim": scores.ssim, "psnr": scores.psnr, "mse": scores.mse, "samples": samples}


def reconstruction_record(
    name: str, settings: Settings, seeds: Sequence[int], found: Sequence[Arrays], floor: Sequence[Arrays]
) -> AttackRecord:
    """Give the figures of one attack over its seeds, and SSIM over the floor's."""
    figures = {score_: figure_of(stacked(found, score_), bounds=_BOUNDS[score_]) for score_ in _SCORES}
    figures["ssim_over_floor"] = figure_of(over_floor(found, floor))
    return AttackRecord(
        name=name,
        kind="reconstruction",
        settings=settings_of(name, settings),
        seeds=tuple(seeds),
        figures=figures,
    )


def over_floor(found: Sequence[Arrays], floor: Sequence[Arrays]) -> Doubles:
    """Give SSIM less the floor's, seed by seed and picture by picture, float64 [S, n].

    Taken picture by picture, what makes a picture easy for both drops out: the interval is of the gain.
    """
    return np.asarray(stacked(found, "ssim") - stacked(floor, "ssim").mean(axis=0))


def strongest(records: Sequence[AttackRecord]) -> AttackRecord | None:
    """Give the reconstruction attack of the highest SSIM, the references left out."""
    return _highest(records, RECONSTRUCTIONS)


def strongest_answer_alone(records: Sequence[AttackRecord]) -> AttackRecord | None:
    """Give the reference of the highest SSIM among those that are told nothing but the answer."""
    return _highest(records, (ANSWER_ALONE, ANSWER_ALONE_STRUCTURAL))


def stacked(found: Sequence[Arrays], name: str) -> Doubles:
    """Give one score of all seeds, float64 [S, n]."""
    return np.stack([np.asarray(arrays[name], np.float64) for arrays in found])


def _highest(records: Sequence[AttackRecord], names: Sequence[str]) -> AttackRecord | None:
    tries = [record for record in records if record.name in names]
    return max(tries, key=lambda record: record.figures["ssim"].value, default=None)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
