"""What all parts of a pipeline file share."""

from pydantic import BaseModel, ConfigDict


class Entry(BaseModel):
    """A mapping of the file: no unknown keys, no change after validation; abstract."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
