"""Numbers as people read them: bytes, rates, ages and ratios; pure."""

import math

_BYTE_UNITS = ("bytes", "kB", "MB", "GB", "TB")


def bytes_text(count: float) -> str:
    """A number of bytes with a decimal unit.

    >>> bytes_text(92), bytes_text(1400), bytes_text(31_000_000)
    ('92 bytes', '1.4 kB', '31 MB')
    """
    unit = 0
    while count >= 999.5 and unit < len(_BYTE_UNITS) - 1:
        count /= 1000
        unit += 1
    digits = f"{count:.1f}" if unit and count < 9.95 else f"{count:.0f}"
    return f"{digits} {_BYTE_UNITS[unit]}"


def rate_text(per_second: float) -> str:
    """Bytes a second."""
    return bytes_text(per_second).replace("bytes", "B") + "/s"


def age_text(seconds: float) -> str:
    """A length of time: milliseconds up to ten seconds; a dash where there is none.

    >>> age_text(0.0213), age_text(12.34), age_text(math.nan)
    ('21 ms', '12.3 s', '–')
    """
    if math.isnan(seconds):
        return "–"
    if abs(seconds) < 0.01:
        return f"{seconds * 1000:.1f} ms"
    return f"{seconds * 1000:.0f} ms" if abs(seconds) < 10 else f"{seconds:.1f} s"


def ratio_text(whole: float, part: float) -> str:
    """How many times `part` fits into `whole`: ×790; a dash where either is nothing."""
    if part <= 0 or whole <= 0:
        return "–"
    ratio = whole / part
    return f"×{ratio:.0f}" if ratio >= 9.95 else f"×{ratio:.1f}"


def count_text(count: int, one: str, many: str = "") -> str:
    """A number with its noun: 1 camera, 2 cameras."""
    return f"{count} {one if count == 1 else many or one + 's'}"
