"""Points as a sweep would have found them, for what reads them."""

from models.certificate import Figure
from privacy_lab.recipe import digest_of
from privacy_lab.sweep.points import Made, Method, Point, Reconstruction

MADE = Made(budget="brief", device="cpu", seconds=1.5, front="mnist", trained_on=100, width=0.5)


def figure(value: float, half: float = 0.01) -> Figure:
    return Figure(value, value - half, value + half)


def reconstruction(attack: str, ssim: float, draws: int = 1) -> Reconstruction:
    return Reconstruction(
        attack=attack,
        pictures=100,
        draws=draws,
        mse=figure(4000 * (1 - ssim), 10.0),
        psnr=figure(10 + 10 * ssim),
        ssim=figure(ssim),
    )


def point(
    epsilon: float,
    accuracy: float,
    ssim: float | None,
    *,
    task: str = "gtsrb10",
    method: Method = "arden",
    case: int = 1,
    seed: int = 7,
    baseline: float = 0.95,
    bundle: str = "",
) -> Point:
    joint = method not in ("arden", "ours")
    attacks = () if ssim is None else (
        reconstruction("decoder", ssim),
        reconstruction("told", ssim - 0.05),
        reconstruction("algorithm-2", ssim - 0.1),
        reconstruction("told-averaged", ssim + 0.1, draws=10),
    )  # fmt: skip
    return Point(
        key=digest_of(epsilon, accuracy, task, method, case, seed, bundle),
        task=task,
        method=method,
        case=case,
        layer=f"conv{case}",
        seed=seed,
        bundle=bundle,
        numbers=100,
        bound=2.0,
        epsilon_per_coordinate=None if joint else epsilon,
        epsilon_joint=epsilon if joint else 100 * epsilon,
        delta=1e-5 if method == "gaussian-l2" else None,
        nullified=0.0,
        accuracy=figure(accuracy),
        baseline=figure(baseline),
        tests=1000,
        runs=2,
        attacks=attacks,
        floor=None if ssim is None else figure(0.05),
        made=MADE,
    )
