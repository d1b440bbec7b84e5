from pathlib import Path

import pytest

from penumbra.errors import ConfigError
from penumbra.pipeline_file import load_pipeline, pipeline_of_flags
from penumbra.yaml_text import MAX_BYTES

CAMERA = "private: {cameras: {yard: {source: 0}}}\n"


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "pipeline.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def problems_of(folder: Path, text: str | bytes) -> list[str]:
    path = written(folder, text)
    with pytest.raises(ConfigError) as caught:
        load_pipeline(path)
    return [problem.removeprefix(f"{path}: ").replace(str(path), "FILE") for problem in caught.value.problems]


def test_everything_in_one_file(tmp_path: Path) -> None:
    text = """
site: shop
private:
  broker: {address: "mqtts://edge.local:8883", accounts: secrets, ca_file: /etc/ca.crt}
  cameras:
    front-door: {source: "rtsp://192.0.2.7/stream", password_env: DOOR, fps: 10,
                 privacy_zones: [[[0, 0], [200, 0], [200, 480], [0, 480]]]}
    yard: {source: /dev/video0, size: 1280x720, max_lag: 500ms}
    hall: {source: clips/hall.mp4, loop: true, pace: fast}
edge: {bundle: ./mine.zip, regions: whole, detection_size: 320x192, answer_timeout: 2s,
       budget: {minute: 40, hour: 600, when_spent: widen, fresh_every: 500ms}}
cloud:
  broker: mqtts://bob@cloud.example:8883
  redis: {address: "rediss://cloud.example:6380/0", password_file: redis.password}
  analyzers: 2
"""
    pipeline = load_pipeline(written(tmp_path, text))
    cameras = pipeline.private.cameras
    assert list(cameras) == ["front-door", "yard", "hall"]
    assert cameras["front-door"].privacy_zones == (((0, 0), (200, 0), (200, 480), (0, 480)),)
    assert cameras["yard"].size == (1280, 720)
    assert cameras["yard"].max_lag == 0.5
    assert cameras["hall"].source == str(tmp_path / "clips/hall.mp4")
    assert pipeline.private.broker is not None
    assert pipeline.private.broker.accounts == tmp_path / "secrets"
    assert pipeline.private.broker.ca_file == Path("/etc/ca.crt")
    assert pipeline.edge.bundle == str(tmp_path / "mine.zip")
    assert pipeline.edge.answer_timeout == 2.0
    budget = pipeline.edge.budget
    assert (budget.minute, budget.hour, budget.day, budget.when_spent) == (40, 600, None, "widen")
    assert (budget.repeat_unchanged, budget.unchanged_within, budget.fresh_every) == (True, 0.05, 0.5)
    assert pipeline.cloud.broker is not None
    assert pipeline.cloud.broker.address == "mqtts://bob@cloud.example:8883"
    assert pipeline.cloud.redis is not None
    assert pipeline.cloud.redis.password_file == tmp_path / "redis.password"


def test_little_is_needed(tmp_path: Path) -> None:
    pipeline = load_pipeline(written(tmp_path, CAMERA))
    assert pipeline.private.broker is None
    assert pipeline.cloud.redis is None
    assert pipeline.edge.kind == "bundle"
    assert pipeline.private.cameras["yard"].source == "0"


SIZE = "Write WIDTHxHEIGHT, for example 1280x720."


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "private: {cameras: {yard: {source: 0, size: 1280by720}}}",
            f'private.cameras.yard.size: "1280by720" is not a size. {SIZE}',
        ),
        (
            "private: {cameras: {yard: {source: 0, size: [1280, 720]}}}",
            f"private.cameras.yard.size: a list is not a size. {SIZE}",
        ),
        (
            "private: {cameras: {yard: {source: 0, size: 99999x10}}}",
            'private.cameras.yard.size: "99999x10" is too large a size. '
            "Neither side may exceed 16384 pixels.",
        ),
        (
            "private: {cameras: {yard: {source: 0, fps: fast}}}",
            'private.cameras.yard.fps: "fast" is not a number of pictures a second. '
            "Write a number from 0.01 to 240.",
        ),
        (
            "private: {cameras: {yard: {source: 0, fps: .nan}}}",
            "private.cameras.yard.fps: nan is not a number of pictures a second. "
            "Write a number from 0.01 to 240.",
        ),
        (
            "private: {cameras: {yard: {source: 0, quality: true}}}",
            "private.cameras.yard.quality: true is not a JPEG quality. Write a whole number from 1 to 100.",
        ),
        (
            "private: {cameras: {yard: {source: 0, loop: 'yes'}}}",
            'private.cameras.yard.loop: "yes" is not a switch. Write true or false.',
        ),
        (
            "private: {cameras: {yard: {source: 0, max_lag: 3 parsecs}}}",
            'private.cameras.yard.max_lag: "3 parsecs" is not a length of time. '
            "Write seconds, or a unit: 500ms, 2s, 5m, 1h.",
        ),
        (
            "private: {cameras: {yard: {source: 0, pace: slow}}}",
            'private.cameras.yard.pace: "slow" is not one of these. Write realtime or fast.',
        ),
        (
            "private: {cameras: {yard: {source: 0, privacy_zones: [[[0, 0], [1, 1]]]}}}",
            "private.cameras.yard.privacy_zones[0]: a list is not a zone. "
            "Write three or more corners in pixels, for example [[0, 0], [200, 0], [200, 480]].",
        ),
        (
            "private: {cameras: {yard: {source: ''}}}",
            'private.cameras.yard.source: "" is not a source. Write a video file, a folder of images, '
            "an rtsp:// or http:// address, a device (0 or /dev/video0), or demo:.",
        ),
        (
            "private: {cameras: {yard: {}}}",
            "private.cameras.yard.source: is missing. "
            "Say where the pictures come from, for example source: /dev/video0.",
        ),
        (
            "private: {cameras: {Front Door: {source: 0}}}",
            'private.cameras.Front Door: "Front Door" is not a name. '
            "Use lower-case letters, digits, - and _, at most 63, for example front-door.",
        ),
        (
            "private: {cameras: {7: {source: 0}}}",
            "private.cameras[7]: 7 is not a name. "
            "Use lower-case letters, digits, - and _, at most 63, for example front-door.",
        ),
        (
            "private: {cameras: {}}",
            "private.cameras: holds no camera. "
            'Add one, for example front-door: {source: "rtsp://192.0.2.7/stream"}.',
        ),
        (
            "private: {cameras: [yard]}",
            "private.cameras: a list stands where a mapping belongs. Write keys and values.",
        ),
        (
            "site: home",
            "private.cameras: is missing. A pipeline needs at least one camera under private.cameras.",
        ),
        (
            "private: {}",
            "private.cameras: is missing. A pipeline needs at least one camera under private.cameras.",
        ),
        (
            CAMERA + "sight: home",
            '"sight" is not a key. Did you mean "site"? Allowed: site, private, edge, cloud.',
        ),
        (CAMERA + "zzz: 1", '"zzz" is not a key. Allowed: site, private, edge, cloud.'),
        (
            CAMERA + "edge: {extractor: shades}",
            'edge.extractor: "shades" is not one of these. Write bundle, distributed or shade.',
        ),
        (
            CAMERA + "edge: {shade: blur}",
            "edge: says how faces are shaded, which needs extractor: shade.",
        ),
        (
            CAMERA + "edge: {protect: {mechanism: laplace}}",
            "edge: protect: is written otherwise: the amount of noise under noise, its limits under budget.",
        ),
        (
            CAMERA + "cloud: {broker: 'http://x'}",
            'cloud.broker: "http://x" is not the address of a broker. '
            "Write mqtt://HOST:1883 or mqtts://HOST:8883.",
        ),
        (
            CAMERA + "cloud: {redis: {address: 'localhost'}}",
            'cloud.redis.address: "localhost" is not the address of a Redis. '
            "Write redis://HOST:6379/0, rediss://HOST:6380/0 or unix:///PATH.",
        ),
        (
            CAMERA + "cloud: {broker: {address: 'mqtt://x', password_file: a, password_env: B}}",
            "cloud.broker: names its password twice. Keep password_file or password_env.",
        ),
        (
            CAMERA + "cloud: {broker: {address: 'mqtt://x', cert_file: a}}",
            "cloud.broker: names half a certificate. cert_file and key_file belong together.",
        ),
        (
            CAMERA + "cloud: {broker: {address: 'mqtt://x', password_env: 'A B'}}",
            'cloud.broker.password_env: "A B" is not the name of an environment variable. '
            "Use letters, digits and _.",
        ),
        (
            CAMERA + "cloud: {analyzers: -1}",
            "cloud.analyzers: -1 is not a number of analyzers. Write a whole number from 0 to 32.",
        ),
        ("", "is empty. Start with `private:` and its `cameras:`."),
        ("# only a comment", "is empty. Start with `private:` and its `cameras:`."),
        ("- a\n- b", "holds no mapping. Start with `private:` and its `cameras:`."),
        (b"\xff\xfe\x00", "is not text (byte 0 is not UTF-8). Save it as UTF-8."),
        (b"#" * (MAX_BYTES + 1), "is larger than 256 KiB, so it is not a pipeline file."),
        ("[" * 5000, "is nested too deeply. A pipeline file needs about six levels."),
        (
            "site: a\nsite: b",
            'line 2, column 1: the key "site" stands here a second time. Keep one of them.',
        ),
        (
            "a: &x [1]\nb: [*x, *x]",
            "line 2, column 5: aliases (*name) are not accepted. Write the value out.",
        ),
        (
            "a: !!python/object/apply:os.system [ls]",
            "line 1, column 4: tags (!name) are not accepted. Write a plain value.",
        ),
        ("a:\n\t- b", "line 2, column 1: a tab cannot indent YAML. Use spaces."),
    ],
)
def test_each_problem_says_where_which_value_and_what_is_allowed(
    tmp_path: Path, text: str | bytes, problem: str
) -> None:
    assert problems_of(tmp_path, text) == [problem]


def test_all_problems_are_listed_at_once(tmp_path: Path) -> None:
    text = "sight: x\nprivate: {cameras: {a: {source: 0, fps: 0}, b: {sauce: 1}}}\nedge: {in_flight: 0}"
    found = problems_of(tmp_path, text)
    assert [problem.split(": ")[0] for problem in found] == [
        "private.cameras.a.fps",
        "private.cameras.b.source",
        "private.cameras.b",
        "edge.in_flight",
        '"sight" is not a key. Did you mean "site"? Allowed',
    ]


@pytest.mark.parametrize(
    "text",
    [
        "private: {broker: 'mqtts://bob:hunter2@edge.local', cameras: {yard: {source: 0}}}",
        CAMERA + "cloud: {broker: {address: 'mqtt://:hunter2@x'}}",
        CAMERA + "cloud: {redis: 'redis://:hunter2@x/0'}",
        CAMERA + "cloud: {redis: {address: 'redis://x', password: hunter2}}",
        "private: {cameras: {yard: {source: 0, password: hunter2}}}",
        "private: {cameras: {'rtsp://u:hunter2@x': {source: 0}}}",
        CAMERA + "edge: {detection_size: 'rtsp://u:hunter2@x'}",
    ],
)
def test_a_password_is_refused_or_hidden_and_never_repeated(tmp_path: Path, text: str) -> None:
    (problem,) = problems_of(tmp_path, text)
    assert "hunter2" not in problem


def test_a_password_in_an_address_comes_with_the_remedy(tmp_path: Path) -> None:
    (problem,) = problems_of(
        tmp_path, "private: {broker: 'mqtts://bob:hunter2@edge.local', cameras: {yard: {source: 0}}}"
    )
    assert problem.startswith("private.broker: holds a password. Take it out, and write password_file: PATH")


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such file"):
        load_pipeline(tmp_path / "none.yaml")
    with pytest.raises(ConfigError, match="is a folder"):
        load_pipeline(tmp_path)


def test_flags_in_place_of_a_file_are_blamed_by_name() -> None:
    flags = {"source": "--source", "size": "--size", "regions": "--regions"}
    with pytest.raises(ConfigError) as caught:
        pipeline_of_flags(
            {"private": {"cameras": {"Yard": {"source": "x", "size": "3"}}}, "edge": {"regions": "some"}},
            flags,
        )
    assert [problem.split(" is not")[0] for problem in caught.value.problems] == [
        '--camera: "Yard"',
        '--size: "3"',
        '--regions: "some"',
    ]


def test_flags_replace_what_the_file_says_of_the_edge(tmp_path: Path) -> None:
    path = written(tmp_path, CAMERA + "edge: {extractor: shade, shade: blur, regions: whole}")
    edge = load_pipeline(path, {"bundle": "gender-ours", "regions": None}).edge
    assert (edge.kind, edge.bundle, edge.regions, edge.shade) == ("bundle", "gender-ours", "whole", None)
