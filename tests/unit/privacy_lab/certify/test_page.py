"""The page stands alone, can be read by machines that read aloud, and says no more than the figures do."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest

pytest.importorskip("torch")

from models.certificate import DeviceCost, EdgeCost
from privacy_lab.certify.page import render_page
from privacy_lab.certify.wording import headline, lead, said
from tests.unit.models import made
from tests.unit.privacy_lab.certify.facts import page_facts

_EMPTY = {"area", "br", "col", "hr", "img", "input", "link", "meta", "path", "use"}


class Page(HTMLParser):
    """Every element with its attributes, and whether each was closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        assert self._open == []

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in _EMPTY:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in _EMPTY:
            assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def whole() -> Page:
    return Page(render_page(page_facts()))


def test_it_asks_nobody_for_anything(whole):
    assert not whole.all("script")
    assert not whole.all("link")
    assert all((image["src"] or "").startswith("data:image/png;base64,") for image in whole.all("img"))
    links = {
        value for _, attributes in whole.elements for value in attributes.values() if value and "//" in value
    }
    assert links <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}, "names of a vocabulary"
    assert "url(http" not in render_page(page_facts())


def test_it_can_be_read_aloud(whole):
    assert len(whole.all("h1")) == 1
    assert len(whole.all("h2")) >= 6
    assert len({image["alt"] for image in whole.all("img")}) == len(whole.all("img")) == 8
    assert all(header.get("scope") in ("col", "row") for header in whole.all("th"))
    assert all(table.get("aria-label") for table in whole.all("table"))
    (drawing,) = whole.all("svg")
    assert drawing["aria-labelledby"] in {attributes.get("id") for _, attributes in whole.elements}
    assert whole.all("html") == [{"lang": "en"}]


def test_it_holds_what_was_found(whole):
    text = re.sub(r"\s+", " ", whole.text)
    for told in (
        "4 bytes",
        "97.0 %",
        "+0.020",
        "10.0 %",
        "trained decoder",
        "0.320",
        "noise",
        "seeds 0, 1, 2",
    ):
        assert told in text
    assert "holds pictures" in text
    assert "euclidean" not in text, "a variant counts by the strongest of its figure alone"


def test_names_cannot_add_to_the_page():
    nasty = "<script>alert(1)</script>"
    changed = page_facts(name=nasty, labels=(nasty, "b"), terms=nasty)
    assert nasty not in render_page(changed)
    assert not Page(render_page(changed)).all("script")


def test_what_is_not_known_is_left_out():
    unknown = {"identity_rank1": None, "identity_rank1_chance": None, "rank_privacy": None, "attacks": ()}
    bare = page_facts(
        certificate=unknown | {"rank_privacy_ceiling": None, "ssim": None, "accuracy": None},
        originals=np.zeros((0, 8, 8, 3), np.uint8),
        reconstructed=(),
        embeddings=(),
        curves=(),
        layers=(),
    )
    page = Page(render_page(bare))
    assert not page.all("img")
    assert not page.all("svg")
    assert "holds pictures" not in page.text
    assert "Recognising" not in page.text
    assert "None" not in page.text
    assert "not measured" in page.text


def test_the_network_in_torch_has_a_line_where_it_was_measured():
    cost = EdgeCost(extractor=made.cost(), whole=made.cost(2), whole_torch=made.cost(9))
    assert isinstance(cost.whole_torch, DeviceCost)
    assert "whole network in torch" in Page(render_page(page_facts(certificate={"edge": cost}))).text
    assert "whole network in torch" not in Page(render_page(page_facts())).text


@pytest.mark.parametrize(
    ("ssim", "told", "beside"),
    [
        (0.25, "No attack rebuilt more than an average face", "no better than guessing"),
        (0.32, "No attack rebuilt more than an average face", "no better than guessing"),
        (0.33, "rebuild a little of the face", "than simply showing the average face. A"),
        (0.9, "rebuild much of the face", "than simply showing the average face. A"),
        (None, "Nobody has measured", "how similar"),
    ],
)
def test_how_much_was_rebuilt_is_said_no_better_than_it_is(ssim, told, beside):
    facts = page_facts(certificate={"ssim": ssim})
    assert told in headline(facts)
    assert beside in said(facts)["ssim"]


def test_the_floor_and_the_answer_alone_are_no_attacks():
    assert "what 3 attacks got" in lead(page_facts())


@pytest.mark.parametrize(
    ("rank1", "chance", "told"),
    [
        (0.08, 0.08, "no more than by guessing"),
        (0.1, 0.08, "hardly anything"),
        (0.2, 0.08, "something of who"),
        (0.5, 0.08, "tell who it is"),
        (0.55, 0.5, "hardly anything"),
        (0.88, 0.5, "tell who it is"),
    ],
)
def test_how_well_people_are_found_is_said_beside_guessing(rank1, chance, told):
    facts = page_facts(certificate={"identity_rank1": rank1, "identity_rank1_chance": chance})
    assert told in said(facts)["identity"]
    assert ("tell who it is" in headline(facts)) is (told == "tell who it is")
