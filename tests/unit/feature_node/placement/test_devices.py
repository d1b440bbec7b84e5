from pathlib import Path

import pytest

from feature_node.errors import BadDevices
from feature_node.placement.devices import read_fleet

GOOD = """
period: 2 s
source: {memory: 1 GB, multiplications: 560 M/s, rate: 72.2 Mb/s}
helpers:
  - {name: pi, count: 2, memory: 1 GiB, multiplications: 560 M/s, rate: 72 Mb/s, compute: 1 G}
  - {name: watch, memory: 1 MB, multiplications: 40 M/s, rate: 0.9 MB/s, bandwidth: 5 kB}
"""


def read(tmp_path: Path, text: str):
    path = tmp_path / "devices.yaml"
    path.write_text(text)
    return read_fleet(path)


def test_units_and_periods_are_understood(tmp_path) -> None:
    site = read(tmp_path, GOOD)
    assert [device.name for device in site.devices] == ["source", "pi-1", "pi-2", "watch"]
    pi, watch = site.helpers[0], site.helpers[2]
    assert (pi.memory_bytes, pi.rate_bytes_per_second, pi.multiplications) == (2**30, 9e6, 1e9)
    assert pi.bandwidth_bytes == 18e6
    assert (watch.multiplications_per_second, watch.multiplications) == (40e6, 80e6)
    assert (watch.rate_bytes_per_second, watch.bandwidth_bytes) == (0.9e6, 5e3)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("72.2 Mb/s", "72.2 Mbps", "source: rate: '72.2 Mbps': write for example 72.2 Mb/s"),
        ("1 MB", "1 M", "watch: memory: '1 M'"),
        ("5 kB", "0 kB", "watch: bandwidth: '0 kB' must be above zero"),
        ("0.9 MB/s", "0 MB/s", "rate: '0 MB/s' must be above zero"),
        ("0.9 MB/s", "-1 MB/s", "rate: '-1 MB/s'"),
        ("0.9 MB/s", ".nan", "rate: nan"),
        ("40 M/s", "1e300 G/s", "at most 1e18"),
        ("bandwidth:", "bandwith:", "the key 'bandwith' is unknown; known are name, count, memory"),
        ("count: 2", "count: 0", "count 0: write a whole number"),
        ("count: 2", "count: 20000", "count 20000"),
        ("name: watch", "name: pi-1", "two devices are named pi-1"),
        ("name: watch", "name: 7", "name 7"),
        ("memory: 1 MB, ", "", "watch: memory is missing; write for example 1 GB"),
        ("period: 2 s", "period: 2", "period: 2: write for example 10 s"),
        ("period: 2 s", "era: 2 s", "the key 'era' is unknown"),
        ("helpers:", "helpers: []\nother:", "the key 'other' is unknown"),
        ("source: {", "source: [", "is not YAML"),
        ("period: 2 s", "period: &p 2 s\nx: *p", "aliases"),
    ],
)
def test_what_cannot_be_used_is_named_with_the_remedy(tmp_path, old, new, said) -> None:
    assert old in GOOD
    with pytest.raises(BadDevices) as caught:
        read(tmp_path, GOOD.replace(old, new, 1))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_holds_no_devices_is_refused(tmp_path) -> None:
    for text in ("", "- 1", "source: {}\nhelpers: 3", "a" * 300_000):
        with pytest.raises(BadDevices):
            read(tmp_path, text)
    with pytest.raises(BadDevices, match=r"none\.yaml"):
        read_fleet(tmp_path / "none.yaml")
