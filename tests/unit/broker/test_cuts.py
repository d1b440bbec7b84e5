"""One cut is bad luck; many in a row soon after connecting are explained."""

from broker.cuts import Cuts


def test_a_few_cuts_are_told_as_they_are() -> None:
    cuts = Cuts()
    assert [cuts.explained("reset", 1.0) for _ in range(3)] == ["reset"] * 3
    assert not cuts.many


def test_many_are_explained_and_a_connection_that_lasts_forgives_them() -> None:
    cuts = Cuts()
    told = [cuts.explained("reset", 1.0) for _ in range(5)]
    assert told[4].startswith("reset, 5 times in a row")
    assert "client id" in told[4]
    assert cuts.many
    assert cuts.explained("reset", 60.0) == "reset"
    assert not cuts.many
