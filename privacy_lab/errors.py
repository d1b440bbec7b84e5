"""What can go wrong in the lab.

```
LabError               what `penumbra lab` prints as one line
├── TorchMissing       the lab's extra is not installed
├── BadRecipe          a recipe's value is missing or not allowed
├── BadData            a data set is not there, or not of its format
├── BadCheckpoint      a checkpoint cannot be read, or is of another recipe
├── AttackImpossible   an attack needs something that its adversary does not have
├── BadImages          pictures that cannot be compared, or are not what was said
├── TooFewIdentities   an identity attack has too few identities, or too few pictures of them
├── SharedPictures     pictures attacked are among those that the attacker may learn from
├── MeasureFailed      a cost cannot be measured on this machine, or not of this bundle
├── NoTwin             an exported half cannot be read as a differentiable network
├── PlacementUnsolved  the exact solver did not finish in the time it was given
└── ExportFailed       the exported halves do not answer as the trained network does
```
"""


class LabError(Exception):
    """Training or export cannot go on; the text says where, which value and what to do."""


class TorchMissing(LabError):
    """torch, or another part of the lab's extra, is not installed."""


class BadRecipe(LabError):
    """A recipe cannot be read, or one of its values is not allowed."""


class BadData(LabError):
    """A data set is missing or does not have the form its makers gave it."""


class BadCheckpoint(LabError):
    """A checkpoint is damaged, or belongs to another recipe."""


class ExportFailed(LabError):
    """What was exported differs from what was trained, so it is not written."""


class PlacementUnsolved(LabError):
    """The exact solver did not finish, so nobody knows the best placement, or whether there is one."""


class NoTwin(LabError):
    """An exported half has no differentiable form, so white-box attacks cannot run against it."""


class AttackImpossible(LabError):
    """An attack needs something that is not at hand; it is left out, and the text says why."""


class BadImages(LabError):
    """Pictures of another type, range or shape than can be compared."""


class TooFewIdentities(LabError):
    """An identity attack needs more identities, or more pictures of each, than there are.

    Attributes:
        attack: Which attack.
        found: How many identities have pictures enough.
        needed: How many it needs.
        pictures: How many pictures of each it needs.
    """

    def __init__(self, attack: str, *, pictures: int, found: int, of: int, needed: int) -> None:
        super().__init__(
            f"{attack}: needs {needed} identities with at least {pictures} pictures each; "
            f"{found} of the {of} identities here have as many. Add pictures, or leave the attack out."
        )
        self.attack, self.found, self.needed, self.pictures = attack, found, needed, pictures


class SharedPictures(LabError):
    """Nothing is left for the attacker to learn from but the pictures that he attacks."""


class MeasureFailed(LabError):
    """What a network costs on a device cannot be measured."""
