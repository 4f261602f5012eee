"""The cards of mechanisms: their words, signs and pictures."""

import re
from xml.etree import ElementTree

import numpy as np

from attnbench.report.figures.cards import cards, picture, sign
from attnbench.report.study.study import study
from attnbench.report.study.styles import MARKERS, Style
from tests.report import records


def test_a_card_for_each_mechanism_with_the_words_that_choose_it() -> None:
    (found,) = cards(study([records.attention("dot", heads=4), records.no_attention()]), {})
    names = {card.name: card for card in found.items}
    assert len(names) == 2
    card = next(card for card in found.items if card.picture)
    assert {"score=dot", "heads=4", "decoder=luong"} <= {*card.words}
    assert "Task" not in card.plain
    bare = next(card for card in found.items if not card.picture)
    assert bare.plain.startswith("no attention")
    assert "</s>" not in found.caption


def test_a_picture_has_a_cell_for_each_weight_and_the_darkest_for_1() -> None:
    text = picture(np.array([[1.0, 0.0, 0.0], [0.4, 0.4, 0.2]]))
    root = ElementTree.fromstring(text)
    assert root.get("viewBox") == "0 0 3 2"
    cells = {path.get("opacity"): path.get("d") for path in root if path.get("opacity")}
    assert cells == {"1": "M0 0h1v1h-1z", "0.4": "M0 1h2v1h-2z", "0.2": "M2 1h1v1h-1z"}


def test_every_marker_has_a_sign_of_its_own_and_dashes_stay() -> None:
    signs = [sign(Style("#123456", marker)) for marker in MARKERS]
    assert len(set(signs)) == len(MARKERS)
    assert all(ElementTree.fromstring(text) is not None for text in signs)
    assert re.search(r'stroke-dasharray="6.4,2.4"', sign(Style("#123456", "o", (0, (4, 1.5)))))
