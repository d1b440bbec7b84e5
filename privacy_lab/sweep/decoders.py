"""The decoders of a sweep: one for all amounts of noise on a frozen front, else one a point."""

from pathlib import Path
from typing import Final, final

import torch
from torch import Tensor, nn

from privacy_lab.attacks.placing import placed
from privacy_lab.checkpoints import Progress, load_checkpoint, save_checkpoint
from privacy_lab.noise.draws import Source
from privacy_lab.noise.map_attack import Lesson, teach
from privacy_lab.noise.map_decoder import MapDecoder, MapStatistics
from privacy_lab.noise.released import Noisy
from privacy_lab.recipe import digest_of
from privacy_lab.sweep.material import Materials
from privacy_lab.sweep.networks import Networks, Tell, UnderNoise
from privacy_lab.sweep.plan import SweepPlan, Task

_BATCH: Final = 64


@final
class Decoders:
    """Teaches the decoder of a point, or takes it from the folder of what is taught already."""

    def __init__(
        self,
        plan: SweepPlan,
        materials: Materials,
        networks: Networks,
        *,
        folder: Path,
        device: torch.device,
        tell: Tell,
    ) -> None:
        """Take what the decoders learn from, and the folder where they are kept."""
        self._plan, self._materials, self._networks = plan, materials, networks
        self._folder, self._device, self._tell = folder, device, tell

    def of(self, task: Task, under: UnderNoise) -> MapDecoder:
        """Give the decoder of a point's release."""
        if task.method == "arden":
            return self.shared(task, under.front, under.around)
        return self._taught(under.key, under.front, under.around, (under.around.twin.sigma,), task)

    def shared(self, task: Task, front: nn.Module, around: Noisy) -> MapDecoder:
        """Give the decoder that serves every amount of noise on one frozen front."""
        sigmas = tuple(around.twin.sigma * task.epsilon / epsilon for epsilon in self._plan.recipe.epsilons)
        return self._taught(self._networks.front_key(task), front, around, sigmas, task)

    def _taught(
        self, key: str, front: nn.Module, around: Noisy, sigmas: tuple[float, ...], task: Task
    ) -> MapDecoder:
        budget = self._plan.limits.attack
        lesson = Lesson(budget.width, budget.pictures)
        rounded = [f"{sigma:.4g}" for sigma in sigmas]
        digest = digest_of("decoder", key, rounded, (lesson.width, lesson.pictures, lesson.rate), task.seed)
        file = self._folder / f"{digest}.safetensors"
        kept = load_checkpoint(file, digest)
        if kept is not None:
            return self._restored(kept[1], around, lesson.width)

        def clean(x: Tensor, source: Source) -> Tensor:
            return around.clean(front, x, source)

        views, train = self._plan.recipe.set_spec(task.data_set), self._materials.of(task.data_set).train
        examples = self._materials.batches(train, _BATCH, task.seed, views)
        watch = Share(f"{task.title}, decoder", self._tell)
        decoder = teach(clean, examples, sigmas, lesson, seed=task.seed, device=self._device, watch=watch)
        save_checkpoint(file, Progress(digest, epoch=1), decoder.state_dict())
        return decoder

    def _restored(self, weights: dict[str, Tensor], around: Noisy, width: int) -> MapDecoder:
        size, blank = self._plan.recipe.input, torch.ones(around.output.shape[0], 1, 1)
        statistics = MapStatistics(blank, blank, torch.zeros(3, size.height, size.width))
        decoder = placed(MapDecoder(statistics, width), self._device)
        decoder.load_state_dict(weights)
        return decoder.eval()


@final
class Share:
    """Tells of a piece of work by hundredths, as of a training by epochs."""

    def __init__(self, what: str, tell: Tell) -> None:
        self._what, self._tell, self._last = what, tell, -1

    def __call__(self, share: float) -> None:
        """Tell where another hundredth is done."""
        done = int(100 * share)
        if done != self._last:
            self._last = done
            self._tell(self._what, 100, Progress("", epoch=done))
