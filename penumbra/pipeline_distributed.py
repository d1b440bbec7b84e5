"""How a pipeline file says that the extractor is spread over helpers."""

from typing import Annotated, Final, final

from penumbra.pipeline_entry import Entry
from penumbra.pipeline_values import DataRate, FilePath, number, whole

MAX_HELPERS: Final = 64


@final
class DistributedEntry(Entry):
    """A network whose feature maps helpers hold, none of them enough to rebuild a picture.

    Attributes:
        max_ssim: How similar to the picture a helper's best reconstruction may be, by the measured table.
        colluding: Any so many helpers together stay under it.
        keep_first: Layers that the edge computes itself, besides the very first: they give most away. Left
            out: as many as max_ssim asks for.
        deadline_ms: How long a frame may take; then it is dropped and counted.
        table: The measured table; the bundle's own where it brings one.
        rate: The edge's own data rate, for the plan.
    """

    max_ssim: Annotated[float, number(0.001, 1, "an SSIM")] = 0.6
    colluding: Annotated[int, whole(1, 64, "a number of helpers")] = 1
    keep_first: Annotated[int, whole(0, 1000, "a number of layers")] | None = None
    deadline_ms: Annotated[float, number(1, 60_000, "a number of milliseconds")] = 1000.0
    table: FilePath | None = None
    rate: DataRate | None = None
