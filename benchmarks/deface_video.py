"""Child: the `deface` command's own function on a clip, with its defaults, timed without its start-up."""

import contextlib
import sys
import time
from pathlib import Path

import msgspec
from deface.centerface import CenterFace
from deface.deface import video_detect

from benchmarks.children import own_arguments, say


class Clip(msgspec.Struct, frozen=True):
    """What to shade: a clip, the size at which faces are looked for, and where the result goes."""

    path: Path
    size: tuple[int, int]
    out: Path


def main() -> None:
    """Shade the clip and say how many seconds that took."""
    clip = own_arguments(Clip)
    with contextlib.redirect_stdout(sys.stderr):
        network = CenterFace(in_shape=clip.size, backend="auto")
        began = time.perf_counter()
        video_detect(
            ipath=str(clip.path),
            opath=str(clip.out),
            centerface=network,
            threshold=0.2,
            enable_preview=False,
            cam=False,
            nested=False,
            replacewith="blur",
            mask_scale=1.3,
            ellipse=True,
            draw_scores=False,
            ffmpeg_config={"codec": "libx264"},
        )
        seconds = time.perf_counter() - began
    say({"seconds": seconds, "backend": network.backend})


if __name__ == "__main__":
    main()
