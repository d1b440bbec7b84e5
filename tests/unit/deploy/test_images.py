"""The image file: a linter finds nothing, each node is a target with its own extra, none runs as root."""

import re
import tomllib

import pytest

from tests.unit.deploy.programs import DEPLOY, linted
from tests.unit.deploy.test_compose import each

FILE = DEPLOY / "docker" / "Dockerfile"
EXTRAS = {
    "camera": "[camera,traces]",
    "edge": "[edge,dp,traces]",
    "analyzer": "[cloud,traces]",
    "monitor": "",
}


def stages() -> dict[str, str]:
    """Each stage's text by its name."""
    parts = re.split(r"^FROM \S+ AS (\S+)\n", FILE.read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_the_linter_finds_nothing() -> None:
    assert linted("hadolint", FILE) == ""


@pytest.mark.parametrize(("target", "extra"), EXTRAS.items())
def test_each_node_has_its_extra_alone(target: str, extra: str) -> None:
    made = stages()
    assert f'"$(ls /wheels/*.whl){extra}"' in made[f"{target}-packages"]
    assert f"COPY --from={target}-packages /opt/penumbra /opt/penumbra" in made[target]
    assert "HEALTHCHECK" in made[target]
    assert "ENTRYPOINT" in made[target]


def test_no_image_brings_torch_and_none_runs_as_root() -> None:
    extras = tomllib.loads((DEPLOY.parent / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for extra in ("camera", "edge", "cloud", "dp", "traces"):
        assert not [needed for needed in extras[extra] if needed.startswith("torch")]
    assert "USER 10001:10001" in stages()["node"]
    for target in EXTRAS:
        assert "USER" not in stages()[target]


def test_what_compose_builds_is_there() -> None:
    built = {service["build"]["target"] for _, _, service in each() if "build" in service}
    assert built == set(EXTRAS)


def test_every_package_is_let_into_the_build() -> None:
    allowed = (FILE.parent / "Dockerfile.dockerignore").read_text().splitlines()
    packages = tomllib.loads((DEPLOY.parent / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    assert {f"!{package.partition('.')[0]}" for package in packages} <= set(allowed)
    assert allowed[1] == "*"
