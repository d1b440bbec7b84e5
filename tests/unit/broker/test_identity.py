"""Names that may stand in a topic, and the pseudonyms the cloud sees instead."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.errors import BadName
from broker.identity import check_name, is_name, is_stream, pseudonym

KEY = bytes(range(32))


@pytest.mark.parametrize("name", ["front-door", "a", "0", "yard_2", "x" * 63])
def test_names_that_may_stand_in_a_topic(name: str) -> None:
    assert check_name("camera", name) == name


@given(st.text(max_size=70))
def test_a_name_holds_nothing_that_a_topic_or_an_acl_could_misread(name: str) -> None:
    if is_name(name):
        assert not set(name) & set("/+#$ \n\t\0")
        assert name == name.lower()
    else:
        with pytest.raises(BadName):
            check_name("camera", name)


def test_a_long_bad_name_is_not_repeated_whole() -> None:
    with pytest.raises(BadName) as error:
        check_name("camera", "A" * 10_000)
    assert len(str(error.value)) < 400


@given(st.text(max_size=20), st.text(max_size=20))
def test_a_pseudonym_has_its_form_and_is_stable(site: str, camera: str) -> None:
    assert is_stream(pseudonym(KEY, site, camera))
    assert pseudonym(KEY, site, camera) == pseudonym(KEY, site, camera)


def test_site_camera_and_key_each_change_the_pseudonym() -> None:
    names = {
        pseudonym(KEY, "home", "yard"),
        pseudonym(KEY, "home", "door"),
        pseudonym(KEY, "shop", "yard"),
        pseudonym(bytes(32), "home", "yard"),
        pseudonym(KEY, "homeyard", ""),
        pseudonym(KEY, "", "homeyard"),
    }
    assert len(names) == 6


def test_a_key_of_another_length_is_refused() -> None:
    with pytest.raises(BadName, match="32 bytes"):
        pseudonym(b"short", "home", "yard")
