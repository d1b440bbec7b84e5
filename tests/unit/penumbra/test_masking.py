from penumbra.masking import has_password, shown


def test_an_address_that_holds_a_password_is_recognised() -> None:
    assert not has_password("mqtts://bob@edge.local:8883")
    assert has_password("mqtts://bob:x@edge.local:8883")


def test_values_are_shown_short_on_one_line_and_by_kind() -> None:
    assert shown("a\nb") == '"a b"'
    assert len(shown("x" * 500)) <= 60
    assert shown({"a": 1}) == "a mapping"
    assert shown([1]) == "a list"
    assert shown(None) == "an empty value"
    assert shown(True) == "true"
    assert shown("hunter2", "cloud.redis.password") == "(hidden)"
