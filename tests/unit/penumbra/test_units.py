import math

import pytest

from penumbra.units import age_text, bytes_text, count_text, rate_text, ratio_text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bytes"),
        (92, "92 bytes"),
        (999.6, "1.0 kB"),
        (1400, "1.4 kB"),
        (9960, "10 kB"),
        (128_000, "128 kB"),
        (999_700, "1.0 MB"),
        (31e6, "31 MB"),
        (5e15, "5000 TB"),
    ],
)
def test_bytes(count: float, text: str) -> None:
    assert bytes_text(count) == text


def test_rates_ages_ratios_and_counts() -> None:
    assert rate_text(92) == "92 B/s"
    assert rate_text(4.1e6) == "4.1 MB/s"
    assert [age_text(s) for s in (0.0021, 0.021, 9.99, 12.34, math.nan)] == [
        "2.1 ms",
        "21 ms",
        "9990 ms",
        "12.3 s",
        "–",
    ]
    assert [ratio_text(*pair) for pair in ((790, 1), (3, 2), (1, 0), (0, 1), (1, 2))] == [
        "×790",
        "×1.5",
        "–",
        "–",
        "×0.5",
    ]
    assert (count_text(1, "camera"), count_text(2, "camera")) == ("1 camera", "2 cameras")
