"""Small data sets in the exact formats that the makers of the large ones give out."""

import gzip
import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.io import savemat

Pixels = NDArray[np.uint8]


def noise(*shape: int, seed: int = 0) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def python2_batch(pixels: Pixels, labels: list[int], key: bytes = b"labels") -> bytes:
    """A batch of CIFAR's Python version, instruction by instruction as Python 2 and its numpy wrote it."""
    n, length = pixels.shape

    def text(value: bytes) -> bytes:  # SHORT_BINSTRING
        return b"U" + bytes([len(value)]) + value

    array = (
        b"cnumpy.core.multiarray\n_reconstruct\nq\x04cnumpy\nndarray\nq\x05K\x00\x85U\x01b\x87Rq\x06"
        + b"(K\x01"
        + b"\x8a\x02" + struct.pack("<H", n) + b"M" + struct.pack("<H", length) + b"\x86"
        + b"cnumpy\ndtype\nq\x07U\x02u1K\x00K\x01\x87Rq\x08"
        + b"(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
        + b"\x89T" + struct.pack("<I", n * length) + pixels.tobytes() + b"tb"
    )  # fmt: skip
    numbers = b"]q\x02(" + b"".join(b"K" + bytes([label]) for label in labels) + b"e"
    names = b"]q\x09(" + b"".join(text(b"a_s_%06d.png" % k) for k in range(n)) + b"e"
    parts = (
        text(b"batch_label") + b"q\x01" + text(b"training batch 1 of 5"),
        text(key) + numbers,
        text(b"data") + b"q\x03" + array,
        text(b"filenames") + names,
    )
    return b"\x80\x02}q\x00(" + b"".join(parts) + b"u."


def cifar10(folder: Path, *, python: bool = False) -> Pixels:
    """Ten pictures a batch, one a class; gives them as uint8 [60, 3, 32, 32]."""
    folder.mkdir(parents=True)
    planes = noise(60, 3072)
    names = [*(f"data_batch_{k}" for k in range(1, 6)), "test_batch"]
    for name, batch in zip(names, np.split(planes, 6), strict=True):
        if python:
            (folder / name).write_bytes(python2_batch(batch, list(range(10))))
        else:
            rows = np.concatenate([np.arange(10, dtype=np.uint8)[:, None], batch], axis=1)
            (folder / f"{name}.bin").write_bytes(rows.tobytes())
    return planes.reshape(-1, 3, 32, 32)


def cifar100(folder: Path, *, python: bool = False) -> Pixels:
    """One picture a class in each part; gives them as uint8 [200, 3, 32, 32]."""
    folder.mkdir(parents=True)
    planes = noise(200, 3072)
    for name, batch in zip(("train", "test"), np.split(planes, 2), strict=True):
        if python:
            (folder / name).write_bytes(python2_batch(batch, list(range(100)), b"fine_labels"))
        else:
            fine = np.arange(100, dtype=np.uint8)[:, None]
            (folder / f"{name}.bin").write_bytes(np.concatenate([fine // 5, fine, batch], axis=1).tobytes())
    return planes.reshape(-1, 3, 32, 32)


def svhn(folder: Path, *, compressed: bool = True) -> Pixels:
    """Ten pictures a part, the digits 1 to 9 and 0; gives them as uint8 [20, 32, 32, 3]."""
    folder.mkdir(parents=True, exist_ok=True)
    images = noise(20, 32, 32, 3)
    for part, some in zip(("train", "test"), np.split(images, 2), strict=True):
        labels = np.arange(1, 11, dtype=np.uint8)[:, None]
        x = some.transpose(1, 2, 3, 0)
        savemat(folder / f"{part}_32x32.mat", {"X": x, "y": labels}, do_compression=compressed)
    return images


def stl10(folder: Path) -> Pixels:
    """Ten pictures a part, one a class; gives them as uint8 [20, 96, 96, 3]."""
    folder.mkdir(parents=True)
    images = noise(20, 96, 96, 3)
    for part, some in zip(("train", "test"), np.split(images, 2), strict=True):
        (folder / f"{part}_X.bin").write_bytes(some.transpose(0, 3, 2, 1).tobytes())
        (folder / f"{part}_y.bin").write_bytes(bytes(range(1, 11)))
    return images


def idx(array: Pixels) -> bytes:
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def mnist(folder: Path, *, packed: bool) -> Pixels:
    """Ten digits a part; gives them as uint8 [20, 28, 28]."""
    folder.mkdir(parents=True, exist_ok=True)
    images = noise(20, 28, 28)
    labels = np.arange(10, dtype=np.uint8)
    for part, some in zip(("train", "t10k"), np.split(images, 2), strict=True):
        for name, data in (
            (f"{part}-images-idx3-ubyte", idx(some)),
            (f"{part}-labels-idx1-ubyte", idx(labels)),
        ):
            path = folder / (f"{name}.gz" if packed else name)
            path.write_bytes(gzip.compress(data, 1) if packed else data)
    return images


def ppm(picture: Pixels) -> bytes:
    height, width = picture.shape[:2]
    return b"P6\n%d %d\n255\n" % (width, height) + picture.tobytes()


def _table(path: Path, rows: list[str], *, classes: bool = True) -> None:
    path.write_text(
        "Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2" + ";ClassId" * classes + "\n" + "".join(rows)
    )


def gtsrb_training(root: Path, *, tracks: int = 2, frames: int = 3) -> None:
    """Classes 0 and 14 in the layout of GTSRB_Final_Training_Images.zip."""
    for kind in (0, 14):
        folder = root / "Final_Training" / "Images" / f"{kind:05d}"
        folder.mkdir(parents=True)
        rows = []
        for track in range(tracks):
            for frame in range(frames):
                name = f"{track:05d}_{frame:05d}.ppm"
                (folder / name).write_bytes(ppm(noise(30, 29, 3, seed=100 * kind + 10 * track + frame)))
                rows.append(f"{name};29;30;5;6;24;25;{kind}\n")
        _table(folder / f"GT-{kind:05d}.csv", rows)


def gtsrb_test(root: Path, *, classes: bool = True) -> None:
    """Two pictures in the layout of GTSRB_Final_Test_Images.zip, with GTSRB_Final_Test_GT.zip beside it."""
    folder = root / "Final_Test" / "Images"
    folder.mkdir(parents=True)
    for k in range(2):
        (folder / f"{k:05d}.ppm").write_bytes(ppm(noise(40, 53, 3, seed=k)))
    rows = [f"{k:05d}.ppm;53;40;6;5;48;36" for k in range(2)]
    _table(folder / "GT-final_test.test.csv", [f"{row}\n" for row in rows], classes=False)
    if classes:
        _table(root / "GT-final_test.csv", [f"{row};{14 * k}\n" for k, row in enumerate(rows)])
