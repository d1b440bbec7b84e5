"""Which points a sweep makes: every split case, amount of noise, data set and seed of one method."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from privacy_lab.errors import BadRecipe
from privacy_lab.sweep.recipe import Budget, SweepRecipe

Trained = Literal["arden", "ours"]


@dataclass(frozen=True, slots=True)
class Task:
    """One point to make."""

    data_set: str
    case: int
    epsilon: float
    seed: int
    method: Trained

    @property
    def title(self) -> str:
        """A few words for people."""
        return f"{self.data_set}, case {self.case}, {self.method}, epsilon {self.epsilon:g}, seed {self.seed}"


@dataclass(frozen=True, slots=True)
class SweepPlan:
    """What to sweep.

    Attributes:
        recipe: Networks, cuts and hyper-parameters.
        budget: Which of its budgets.
        method: How to train.
        sets: Data sets.
        cases: The paper's cases, from 1.
        epsilons: Amounts per coordinate.
        seeds: How many.
        images: Most pictures that are attacked; 0: accuracy alone.

    Raises:
        BadRecipe: the recipe knows no such set, case or budget, or nothing is asked for.
    """

    recipe: SweepRecipe
    budget: str
    method: Trained
    sets: tuple[str, ...]
    cases: tuple[int, ...]
    epsilons: tuple[float, ...]
    seeds: int
    images: int

    def __post_init__(self) -> None:
        """Refuse what the recipe does not know, before anything is read."""
        self.recipe.budget(self.budget)
        for name in self.sets:
            self.recipe.set_spec(name)
        for case in self.cases:
            self.recipe.layer(case)
        if not (self.sets and self.cases and self.epsilons and self.seeds >= 1):
            raise BadRecipe("nothing to sweep: give at least one set, case, epsilon and seed")
        wrong = [epsilon for epsilon in self.epsilons if not 0 < epsilon <= 1e9]
        if wrong:
            raise BadRecipe(f"epsilon {wrong[0]:g}: an amount of noise is above 0 and at most 1e9")

    @property
    def limits(self) -> Budget:
        """The budget itself."""
        return self.recipe.budget(self.budget)

    def tasks(self) -> Iterator[Task]:
        """Give every point, those first that share most with what is already there."""
        for name in self.sets:
            for seed in range(self.recipe.seed, self.recipe.seed + self.seeds):
                for case in self.cases:
                    for epsilon in sorted(self.epsilons, reverse=True):
                        yield Task(name, case, epsilon, seed, self.method)
