"""A file of devices becomes a fleet, or a list of what is wrong with it.

```yaml
period: 10 s          # what `compute` and `bandwidth` count for; both default to all that fits into it
source: {memory: 1 GB, multiplications: 560 M/s, rate: 72.2 Mb/s, message: 1 ms}  # of a star; 0 if left out
helpers:
  - {name: pi, count: 30, memory: 1 GB, multiplications: 560 M/s, rate: 72.2 Mb/s}
  - {name: watch, count: 70, memory: 1 MB, multiplications: 40 M/s, rate: 7.2 Mb/s, bandwidth: 5 MB}
```
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from feature_node.errors import BadDevices
from feature_node.placement.model import Device, Fleet

MAX_BYTES: Final = 256 * 1024
MAX_HELPERS: Final = 10_000

_STEPS: Final = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "Ki": 1024.0, "Mi": 2.0**20, "Gi": 2.0**30}
_BYTES: Final = {f"{step}B": size for step, size in _STEPS.items()}
_RATES: Final = {f"{name}/s": size for name, size in _BYTES.items()} | {
    f"{step}b/s": size / 8 for step, size in _STEPS.items()
}
_COUNTS: Final = {step: size for step, size in _STEPS.items() if "i" not in step}
_SPEEDS: Final = {f"{step}/s": size for step, size in _COUNTS.items()}
_TIMES: Final = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}

_UNITS: Final[Mapping[str, tuple[Mapping[str, float], str]]] = {
    "memory": (_BYTES, "1 GB"),
    "multiplications": (_SPEEDS, "560 M/s"),
    "rate": (_RATES, "72.2 Mb/s"),
    "compute": (_COUNTS, "5.6 G"),
    "bandwidth": (_BYTES, "90 MB"),
    "message": (_TIMES, "2 ms"),
}
_NEEDED: Final = ("memory", "multiplications", "rate")
_PERIOD: Final = "10 s"


def read_fleet(path: Path) -> Fleet:
    """Read the devices in a YAML file.

    Raises:
        BadDevices: it cannot be read, or says something that cannot be used.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise BadDevices(f"{path}: {error.strerror}; name a file of devices") from error
    if len(data) > MAX_BYTES:
        raise BadDevices(f"{path}: larger than {MAX_BYTES // 1024} KiB, so it is no file of devices")
    try:
        # Aliases could expand a few lines to gigabytes; a file of devices needs none.
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(data, Loader=yaml.SafeLoader)):
            raise BadDevices(f"{path}: aliases (*name) are not accepted; write the value out")
        value = yaml.safe_load(data)
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise BadDevices(f"{path}: is not YAML: {str(error).splitlines()[0]}") from error
    return parse_fleet(value, str(path))


def parse_fleet(value: Any, where: str) -> Fleet:
    """Make a fleet of what a YAML file holds; `where` is what errors call it.

    Raises:
        BadDevices: a key or unit is unknown, or a value is missing, zero or not a number.
    """
    top = _mapping(value, where, needed=("source", "helpers"), known=("period", "source", "helpers"))
    period = _quantity(top.get("period", _PERIOD), f"{where}: period", _TIMES, _PERIOD)
    helpers = top["helpers"]
    if not isinstance(helpers, list) or not helpers:
        raise BadDevices(
            f"{where}: helpers: list at least one, each with name, memory, multiplications, rate"
        )
    source = {"name": "source", **_mapping(top["source"], f"{where}: source", known=("name", *_UNITS))}
    made = [
        device
        for place, helper in enumerate(helpers, 1)
        for device in _devices(helper, f"{where}: helpers: {place}", period)
    ]
    if len(made) > MAX_HELPERS:
        raise BadDevices(f"{where}: {len(made)} helpers; at most {MAX_HELPERS} can be planned for")
    try:
        return Fleet(source=_device(source, source["name"], f"{where}: source", period), helpers=tuple(made))
    except ValueError as error:
        raise BadDevices(f"{where}: {error}; give each its own name") from error


def _devices(value: Any, where: str, period: float) -> list[Device]:
    entry = _mapping(value, where, needed=("name",), known=("name", "count", *_UNITS))
    name = entry["name"]
    if not isinstance(name, str) or not re.fullmatch(r"[\w.-]{1,60}", name):
        raise BadDevices(f"{where}: name {name!r}: write letters, digits, dots and dashes")
    many = entry.get("count", 1)
    if not isinstance(many, int) or isinstance(many, bool) or not 1 <= many <= MAX_HELPERS:
        raise BadDevices(f"{where}: {name}: count {many!r}: write a whole number from 1 to {MAX_HELPERS}")
    names = [name] if "count" not in entry else [f"{name}-{number}" for number in range(1, many + 1)]
    return [_device(entry, each, f"{where}: {name}", period) for each in names]


def _device(entry: Mapping[str, Any], name: str, where: str, period: float) -> Device:
    for needed in _NEEDED:
        if needed not in entry:
            raise BadDevices(f"{where}: {needed} is missing; write for example {_UNITS[needed][1]}")
    read = {
        key: _quantity(entry[key], f"{where}: {key}", units, example)
        for key, (units, example) in _UNITS.items()
        if key in entry
    }
    return Device(
        name=name,
        memory_bytes=read["memory"],
        multiplications_per_second=read["multiplications"],
        multiplications=read.get("compute", read["multiplications"] * period),
        bandwidth_bytes=read.get("bandwidth", read["rate"] * period),
        rate_bytes_per_second=read["rate"],
        message_seconds=read.get("message", 0.0),
    )


def read_quantity(kind: str, value: Any, where: str) -> float:
    """Read one amount as a file of devices writes it; `kind` is "memory", "rate" and so on.

    Raises:
        BadDevices: It is not one, is zero, or its unit is unknown.
    """
    units, example = _UNITS[kind]
    return _quantity(value, where, units, example)


def _mapping(
    value: Any, where: str, *, known: tuple[str, ...], needed: tuple[str, ...] = ()
) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadDevices(f"{where}: write keys with values: {', '.join(known)}")
    for key in value:
        if key not in known:
            raise BadDevices(f"{where}: the key {key!r} is unknown; known are {', '.join(known)}")
    for key in needed:
        if key not in value:
            raise BadDevices(f"{where}: {key} is missing")
    return value


def _quantity(value: Any, where: str, units: Mapping[str, float], example: str) -> float:
    found = re.fullmatch(r"\s*(\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)\s*([A-Za-z/]*)\s*", str(value))
    if not found or found[2] not in units:
        known = ", ".join(unit for unit in units if unit)
        raise BadDevices(f"{where}: {value!r}: write for example {example}; units are {known}")
    number = float(found[1]) * units[found[2]]
    if not 0 < number <= 1e18:
        raise BadDevices(f"{where}: {value!r} must be above zero and at most 1e18; leave out what has none")
    return number
