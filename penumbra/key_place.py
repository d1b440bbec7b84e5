"""Where the key of a site's pseudonyms lies, and beside it what the edge has to remember."""

import os
from pathlib import Path

from penumbra.pipeline_schema import Pipeline


def key_file(pipeline: Pipeline) -> Path:
    """The key of the site's pseudonyms: the file that the pipeline names, else one of this user's."""
    return pipeline.edge.key_file or key_folder() / f"{pipeline.site}.key"


def key_folder() -> Path:
    """Where the keys of this user's pseudonyms are, one a site."""
    data = os.environ.get("XDG_DATA_HOME")
    return (Path(data) if data else Path.home() / ".local" / "share") / "penumbra" / "keys"
