"""`penumbra doctor` against real servers, some of them missing."""

from pathlib import Path

import pytest

from tests.servers import Server, free_port, require_program
from tests.system.command import ran

pytestmark = pytest.mark.timeout(120)


def rows(text: str) -> dict[str, str]:
    """The sign of each check by its name."""
    found = {}
    for line in text.splitlines():
        sign, _, rest = line.strip().partition(" ")
        if sign in {"✓", "✗", "!"}:
            found[rest.strip().split("  ")[0]] = sign
    return found


async def test_all_that_is_configured_is_looked_at(
    tmp_path: Path, mosquitto: Server, redis_server: Server
) -> None:
    path = tmp_path / "pipeline.yaml"
    path.write_text(
        f"private: {{broker: 'mqtt://127.0.0.1:{mosquitto.port}', cameras: {{demo: {{source: 'demo:'}}}}}}\n"
        f"cloud: {{broker: 'mqtt://127.0.0.1:{mosquitto.port}', redis: 'redis://127.0.0.1:{redis_server.port}/0'}}"
    )
    status, doctor = await ran(tmp_path, "doctor", "-c", path)
    assert status == 0, doctor.out
    found = rows(doctor.out)
    for name in (
        "version",
        "camera demo",
        "private broker",
        "bundle",
        "cloud broker",
        "Redis",
        "cloud clock",
    ):
        assert found[name] == "✓", doctor.out
    assert found["edge"] == "!"
    assert "Start one: penumbra edge -c FILE" in doctor.out


async def test_what_is_missing_is_a_cross_with_a_remedy(tmp_path: Path) -> None:
    port = free_port()
    path = tmp_path / "pipeline.yaml"
    path.write_text(
        f"private: {{broker: 'mqtt://127.0.0.1:{port}', cameras: {{yard: {{source: none.mp4}}}}}}\n"
        f"cloud: {{broker: 'mqtt://127.0.0.1:{port}', redis: 'redis://127.0.0.1:{port}/0'}}\n"
        "edge: {bundle: no-such-bundle}"
    )
    status, doctor = await ran(tmp_path, "doctor", "-c", path)
    assert status == 1
    found = rows(doctor.out)
    assert [name for name, sign in found.items() if sign == "✗"] == [
        "camera yard",
        "private broker",
        "bundle",
        "cloud broker",
    ]
    assert found["Redis"] == "!"
    assert "4 of " in doctor.out
    assert "Check the address, the account and its password file" in doctor.out
    assert "Traceback" not in doctor.out + doctor.err


async def test_with_nothing_running_it_says_what_a_first_run_would_use(tmp_path: Path) -> None:
    require_program("mosquitto")
    require_program("redis-server")
    status, doctor = await ran(tmp_path, "doctor")
    assert status == 0, doctor.out
    assert rows(doctor.out)["camera demo"] == "✓"
    assert "is started here: mosquitto" in doctor.out
