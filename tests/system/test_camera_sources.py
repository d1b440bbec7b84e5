"""Every kind of source, ordinary and odd, through a real capture process."""

import asyncio
import os
import shutil
import sys
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest

from camera_node.capture_wire import Order
from camera_node.captured_source import CapturedSource
from camera_node.errors import BadOption, BadSource, CameraError, MissingExtra, SourceFailed, SourceTimeout
from camera_node.open_source import open_source
from camera_node.settings import CameraSpec
from camera_node.source import Picture, SourceCounts, SourceInfo
from camera_node.source_kind import Kind
from tests.http_camera import http_camera
from tests.media import CAR, ffmpeg, short_clip
from tests.servers import free_port


@pytest.fixture(scope="module")
def clip(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of cars: 25 pictures of 768x432 at 12.5 a second."""
    return short_clip(data_dir / CAR, tmp_path_factory.mktemp("clip") / "cars.mp4")


def spec(source: Path | str, **options: object) -> CameraSpec:
    return CameraSpec(name="yard", source=str(source), **options)  # type: ignore[arg-type]


async def read(
    source: Path | str, *, limit: int = 10_000, **options: object
) -> tuple[list[Picture], SourceInfo, SourceCounts]:
    pictures: list[Picture] = []
    async with open_source(spec(source, **options)) as opened:
        async for picture in opened:
            pictures.append(picture)
            if len(pictures) == limit:
                break
        return pictures, opened.info, opened.counts


def first_bytes(source: Path, count: int, target: Path) -> None:
    target.write_bytes(source.read_bytes()[:count])


def pixels(picture: Picture) -> np.ndarray:
    decoded = cv2.imdecode(np.frombuffer(picture.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    assert decoded.shape == (picture.height, picture.width, 3)
    return decoded


# --- files ------------------------------------------------------------------------------------------
async def test_a_file_gives_every_picture_with_its_place_in_the_medium(clip: Path) -> None:
    pictures, info, counts = await read(clip)
    assert (info.width, info.height, info.fps, info.total) == (768, 432, 12.5, 25)
    assert counts == SourceCounts(25, {})
    assert [round(picture.position, 3) for picture in pictures] == [round(n / 12.5, 3) for n in range(25)]
    assert pixels(pictures[0]).mean() > 20


async def test_the_pictures_are_the_files_own(clip: Path) -> None:
    pictures, _, _ = await read(clip, quality=95)
    capture = cv2.VideoCapture(str(clip))
    for picture in pictures[:5]:
        done, original = capture.read()
        assert done
        assert np.abs(pixels(picture).astype(int) - original).mean() < 2.5
    capture.release()


async def test_a_variable_rate_keeps_its_timestamps(clip: Path, tmp_path: Path) -> None:
    odd = tmp_path / "variable.mkv"
    ffmpeg("-i", clip, "-vf", "select='lt(n,8)+not(mod(n,4))'", "-vsync", "vfr", "-c:v", "libx264", odd)
    pictures, _, counts = await read(odd)
    steps = np.diff([picture.position for picture in pictures])
    assert len(pictures) == counts.read == 8 + 5
    assert counts.dropped == {}
    assert min(steps) == pytest.approx(0.08, abs=0.002)
    assert max(steps) == pytest.approx(0.32, abs=0.002)


async def test_a_rotated_clip_comes_upright(clip: Path, tmp_path: Path) -> None:
    turned = tmp_path / "turned.mp4"
    ffmpeg("-i", clip, "-c", "copy", "-metadata:s:v:0", "rotate=90", turned)
    upright, info, _ = await read(clip, limit=1, quality=95)
    rotated, turned_info, _ = await read(turned, limit=1, quality=95)
    assert (turned_info.width, turned_info.height) == (info.height, info.width)
    back = min(
        float(np.abs(np.rot90(pixels(rotated[0]), turns).astype(int) - pixels(upright[0])).mean())
        for turns in (1, 3)
    )
    assert back < 2.5


async def test_a_truncated_file_gives_what_decodes_and_counts_the_rest(clip: Path, tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole.mp4", tmp_path / "cut.mp4"
    ffmpeg("-i", clip, "-c", "copy", "-movflags", "faststart", whole)
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    pictures, _, counts = await read(cut)
    assert 3 < len(pictures) < 25
    assert counts.read == len(pictures)
    assert counts.dropped == {"undecodable": 25 - len(pictures)}


async def test_a_corrupt_file_gives_what_decodes_on_both_sides_of_the_damage(
    clip: Path, tmp_path: Path
) -> None:
    whole, damaged = tmp_path / "whole.mp4", tmp_path / "damaged.mp4"
    ffmpeg("-i", clip, "-c:v", "libx264", "-g", "5", "-movflags", "faststart", whole)
    data = bytearray(whole.read_bytes())
    rng = np.random.default_rng(7)
    middle = len(data) // 2
    data[middle : middle + len(data) // 10] = rng.bytes(len(data) // 10)
    damaged.write_bytes(data)
    pictures, _, counts = await read(damaged)
    assert counts.read == len(pictures) > 8
    assert max(picture.position for picture in pictures) > 1.5
    assert counts.read + counts.dropped.get("undecodable", 0) == 25


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.mp4", b"", "empty"),
        ("text.mp4", b"not a video at all\n" * 50, "no video"),
        ("noise.avi", bytes(range(256)) * 40, "no video"),
    ],
)
async def test_what_is_no_video_is_refused_by_name(
    tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(SourceFailed, match=words) as caught:
        await read(path)
    assert name in str(caught.value)


async def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    sound = tmp_path / "sound.mp4"
    ffmpeg("-f", "lavfi", "-i", "sine=duration=1", sound)
    with pytest.raises(SourceFailed, match="audio only"):
        await read(sound)


async def test_a_file_cut_before_its_index_says_so(clip: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.mp4"
    first_bytes(clip, 20_000, cut)
    with pytest.raises(SourceFailed, match="moov atom not found"):
        await read(cut)


async def test_a_video_without_pictures_is_an_error(clip: Path, tmp_path: Path) -> None:
    none = tmp_path / "none.avi"
    ffmpeg("-i", clip, "-frames:v", "0", "-c:v", "mjpeg", none)
    with pytest.raises(SourceFailed, match=r"none\.avi"):
        await read(none)


async def test_a_wrong_suffix_does_not_matter(clip: Path, tmp_path: Path) -> None:
    misnamed = tmp_path / "clip.txt"
    shutil.copy(clip, misnamed)
    pictures, _, _ = await read(misnamed)
    assert len(pictures) == 25


async def test_huge_pictures_are_refused_before_they_are_decoded(tmp_path: Path) -> None:
    huge = tmp_path / "huge.avi"
    ffmpeg("-f", "lavfi", "-i", "color=size=9000x64:duration=0.2", "-c:v", "mjpeg", huge)
    with pytest.raises(SourceFailed, match=r"9000x64.*8192"):
        await read(huge)


async def test_a_file_names_no_other_place_to_read_from(tmp_path: Path) -> None:
    with http_camera() as (port, requests):
        playlist = tmp_path / "list.m3u8"
        playlist.write_text(
            f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:{port}/secret.ts\n#EXT-X-ENDLIST\n"
        )
        with pytest.raises(SourceFailed):
            await read(playlist)
        assert requests == []


async def test_missing_and_unreadable_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadSource, match=r"gone\.mp4: there is no such file"):
        await read(tmp_path / "gone.mp4")
    with pytest.raises(BadSource, match="neither a file nor a folder"):
        await read("/dev/null")
    locked = tmp_path / "locked.mp4"
    locked.write_bytes(b"x")
    locked.chmod(0)
    if os.access(locked, os.R_OK):
        pytest.skip("this user may read everything")
    with pytest.raises(BadSource, match="permission denied"):
        await read(locked)


async def test_fewer_pictures_a_second_are_chosen_evenly_and_are_no_loss(clip: Path) -> None:
    pictures, _, counts = await read(clip, fps=5)
    assert counts == SourceCounts(25, {"rate": 15})
    assert [round(picture.position, 2) for picture in pictures[:5]] == [0.0, 0.24, 0.4, 0.64, 0.8]


async def test_a_loop_goes_on_with_the_time(clip: Path) -> None:
    pictures, info, _ = await read(clip, loop=True, limit=60)
    assert info.total is None
    steps = np.diff([picture.position for picture in pictures])
    assert steps == pytest.approx(0.08, abs=0.002)


async def test_size_fits_inside_and_keeps_the_shape(clip: Path) -> None:
    pictures, _, _ = await read(clip, size=(320, 320), limit=1)
    assert (pictures[0].width, pictures[0].height) == (320, 180)
    larger, _, _ = await read(clip, size=(4000, 4000), limit=1)
    assert (larger[0].width, larger[0].height) == (768, 432)


# --- privacy zones ----------------------------------------------------------------------------------
async def test_privacy_zones_are_black_and_nothing_else_changes(clip: Path) -> None:
    zone = ((160, 80), (480, 80), (480, 320), (160, 320))
    plain, _, _ = await read(clip, quality=95, limit=3)
    zoned, _, _ = await read(clip, quality=95, limit=3, privacy_zones=(zone,))
    for before, after in zip(plain, zoned, strict=True):
        assert pixels(after)[84:317, 164:477].max() <= 8
        outside = np.ones((432, 768), bool)
        outside[62:338, 142:498] = False  # JPEG blocks of 16 pixels, and their chroma, cross the border
        assert np.array_equal(pixels(before)[outside], pixels(after)[outside])


async def test_overlapping_zones_do_not_cancel_each_other(clip: Path) -> None:
    zones = (((0, 0), (300, 0), (300, 300), (0, 300)), ((100, 100), (400, 100), (400, 400), (100, 400)))
    pictures, _, _ = await read(clip, limit=1, privacy_zones=zones)
    assert pixels(pictures[0])[110:290, 110:290].max() <= 8


async def test_zones_count_in_the_sources_pixels_before_resizing(clip: Path) -> None:
    zone = ((0, 0), (384, 0), (384, 431), (0, 431))
    pictures, _, _ = await read(clip, limit=1, size=(192, 108), privacy_zones=(zone,))
    assert pixels(pictures[0])[:, :92].max() <= 8
    assert pixels(pictures[0])[:, 104:].mean() > 20


async def test_a_zone_beside_the_picture_is_refused(clip: Path) -> None:
    with pytest.raises(BadOption, match=r"outside the picture of 768x432"):
        await read(clip, privacy_zones=(((800, 0), (900, 0), (900, 100)),))


# --- folders ----------------------------------------------------------------------------------------
async def test_a_folder_plays_in_the_order_of_its_numbers(tmp_path: Path) -> None:
    for number in (10, 9, 1):
        cv2.imwrite(str(tmp_path / f"frame{number}.png"), np.full((32, 48, 3), number * 20, np.uint8))
    (tmp_path / "notes.txt").write_text("not an image")
    pictures, info, _ = await read(tmp_path)
    assert info.total == 3
    assert [round(pixels(picture).mean() / 20) for picture in pictures] == [1, 9, 10]


async def test_bad_images_in_a_folder_are_counted_and_passed_over(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.full((32, 48, 3), 90, np.uint8))
    (tmp_path / "b.png").write_bytes(b"no image")
    (tmp_path / "c.png").write_bytes(b"")
    cv2.imwrite(str(tmp_path / "d.png"), np.zeros((16, 9000), np.uint8))
    pictures, _, counts = await read(tmp_path)
    assert len(pictures) == counts.read == 1
    assert counts.dropped == {"undecodable": 3}


async def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSource, match="holds no images"):
        await read(tmp_path)


async def test_a_folder_of_nothing_but_bad_images_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"no image")
    with pytest.raises(SourceFailed, match="no picture that can be decoded"):
        await read(tmp_path)


# --- live sources -----------------------------------------------------------------------------------
async def test_the_demo_moves_and_keeps_its_rate() -> None:
    pictures, info, _ = await read("demo:", fps=30, limit=6)
    assert (info.width, info.height, info.fps, info.total) == (640, 480, 30.0, None)
    assert len({picture.jpeg for picture in pictures}) == 6
    span = (pictures[-1].captured_ns - pictures[0].captured_ns) / 1e9
    assert span >= (pictures[-1].position - pictures[0].position) - 0.02


async def test_an_absent_device_is_named() -> None:
    with pytest.raises(SourceFailed, match=r"/dev/video917: there is no such device"):
        await read("917")


async def test_a_device_that_is_no_camera_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CameraError, match="no such file"):
        await read(tmp_path / "video0")


async def test_motion_jpeg_over_http(clip: Path) -> None:
    jpegs = [picture.jpeg for picture in (await read(clip))[0]]
    with http_camera(jpegs) as (port, requests):
        pictures, info, _ = await read(f"http://viewer:s3cret@127.0.0.1:{port}/stream", limit=10)
    assert (info.width, info.height) == (768, 432)
    assert pixels(pictures[-1]).mean() > 20
    assert any(header.startswith("Basic ") for header in requests)


async def test_an_http_camera_that_refuses_is_named_without_its_account() -> None:
    with http_camera() as (port, _), pytest.raises(SourceFailed, match="404") as caught:
        await read(f"http://viewer:s3cret@127.0.0.1:{port}/stream?token=s3cret")
    assert "s3cret" not in str(caught.value)
    assert f"127.0.0.1:{port}/stream" in str(caught.value)


async def test_a_camera_nobody_answers_for_is_named_without_its_account() -> None:
    with pytest.raises(SourceFailed, match="refused") as caught:
        await read(f"rtsp://viewer:s3cret@127.0.0.1:{free_port()}/live")
    assert "s3cret" not in str(caught.value)
    assert "viewer" not in str(caught.value)


# --- what goes wrong inside -------------------------------------------------------------------------
def order(**options: object) -> Order:
    return Order(source="clip.mp4", kind="file", **options)  # type: ignore[arg-type]


def program(text: str) -> tuple[str, ...]:
    """A capture program that does as `text` says after it has read its order."""
    return (sys.executable, "-c", f"import sys, os, signal, time\nsys.stdin.readline()\n{text}")


HANG = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nsignal.pause()"
SAY_OPENED = (
    "from camera_node.capture_wire import *\nfrom camera_node.source import *\n"
    "sys.stdout.buffer.write(encode(Opened(SourceInfo())))\nsys.stdout.buffer.flush()\n"
)


async def test_a_capture_that_hangs_while_reading_is_killed() -> None:
    source = CapturedSource(order(read_timeout=0.1, fps=1000), program(SAY_OPENED + HANG))
    async with source:
        pid = source.pid
        with pytest.raises(SourceTimeout, match="gave no picture"):
            await anext(aiter(source))
        assert pid is not None
        assert not psutil.pid_exists(pid)


async def test_a_capture_that_hangs_is_killed_when_its_source_is_closed() -> None:
    source = CapturedSource(order(), program(SAY_OPENED + HANG))
    async with source:
        pid = source.pid
    assert pid is not None
    assert not psutil.pid_exists(pid)


async def test_a_capture_that_crashes_is_reported() -> None:
    source = CapturedSource(order(), program(SAY_OPENED + "os.kill(os.getpid(), signal.SIGSEGV)"))
    async with source:
        with pytest.raises(SourceFailed, match="signal 11"):
            await anext(aiter(source))


@pytest.mark.parametrize(
    "words",
    [
        "sys.stdout.buffer.write(b'\\xff\\xff\\xff\\xff')",
        "sys.stdout.buffer.write(b'\\0\\0\\0\\3abc')",
        "from camera_node.capture_wire import *\nsys.stdout.buffer.write(encode(Ended()))",
    ],
)
async def test_a_capture_that_talks_nonsense_is_stopped(words: str) -> None:
    source = CapturedSource(order(), program(words))
    with pytest.raises(SourceFailed):
        async with source:
            pytest.fail("it never opened")


@pytest.mark.parametrize(("library", "kind"), [("cv2", "file"), ("skimage", "demo")])
async def test_a_library_that_is_not_installed_is_named_with_its_remedy(library: str, kind: Kind) -> None:
    without = f"import sys; sys.modules[{library!r}] = None; from camera_node.capture import main; main()"
    source = CapturedSource(Order(source="clip.mp4", kind=kind), (sys.executable, "-c", without))
    with pytest.raises(MissingExtra, match=r"pip install 'penumbra\[camera\]'"):
        await source.__aenter__()


async def test_a_capture_is_not_handed_the_nodes_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROKER_PASSWORD", "s3cret")
    source = CapturedSource(
        order(),
        program(
            "from camera_node.capture_wire import *\n"
            "sys.stdout.buffer.write(encode(Failed('failed', ' '.join(os.environ.values()))))"
        ),
    )
    with pytest.raises(SourceFailed) as caught:
        async with source:
            pytest.fail("it never opened")
    assert "s3cret" not in str(caught.value)


async def test_a_capture_leaves_when_its_node_is_gone(clip: Path, tmp_path: Path) -> None:
    node = (
        "import asyncio, sys\n"
        "from camera_node.open_source import open_source\n"
        "from camera_node.settings import CameraSpec\n"
        "async def main():\n"
        f"    async with open_source(CameraSpec(name='yard', source={str(clip)!r}, loop=True)) as source:\n"
        "        print(source.pid, flush=True)\n"
        "        await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", node, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    pid = int(await asyncio.wait_for(process.stdout.readline(), 30))
    process.kill()
    await process.wait()
    _, alive = await asyncio.to_thread(
        psutil.wait_procs, [psutil.Process(pid)] if psutil.pid_exists(pid) else [], 15
    )
    assert alive == []
