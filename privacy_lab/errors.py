"""What can go wrong in the lab.

```
LabError               what `penumbra lab` prints as one line
├── TorchMissing       the lab's extra is not installed
├── BadRecipe          a recipe's value is missing or not allowed
├── BadData            a data set is not there, or not of its format
├── BadCheckpoint      a checkpoint cannot be read, or is of another recipe
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
