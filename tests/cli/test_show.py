"""The `show` command: formulas and weights of an untrained attention, in a sentence."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
import torch

from attnbench.cli.show import heat_map, word_vectors
from tests.cli.command_line import here


def rows(out: str, words: list[str]) -> list[str]:
    """The rows of the heat map, without their words."""
    lines = out.splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith("The weights of an untrained layer"))
    wide = max(map(len, words))
    found = [line[wide + 1 :] for line in lines[start:] if line[:wide].strip() in words and len(line) > wide]
    assert len(found) == len(words)
    return found


def test_it_prints_formula_source_and_weights(tmp_path: Path) -> None:
    out = here(tmp_path, "show", "score=additive", "scope=local_m", "scope.window=1", "we see the dog now").out
    assert re.search(r"score=additive +vᵀ tanh\(W_q q \+ W_k k\).*Bahdanau et al\. 2015", out)
    assert re.search(r"scope=local_m +±D .* Luong et al\. 2015", out)
    for place, row in enumerate(rows(out, ["we", "see", "the", "dog", "now"])):
        seen = {column for column in range(5) if row[2 * column : 2 * column + 2].strip()}
        assert seen == {column for column in range(5) if abs(column - place) <= 1}


def test_the_same_word_has_the_same_key() -> None:
    found = word_vectors(["a", "b", "a"], 8, seed=1)
    assert found.shape == (1, 3, 8)
    assert torch.equal(found[0, 0], found[0, 2])
    assert not torch.equal(found[0, 0], found[0, 1])


def test_a_hard_selection_takes_one_word(tmp_path: Path) -> None:
    out = here(tmp_path, "show", "selection=gumbel", "one two three").out
    assert [row.strip() for row in rows(out, ["one", "two", "three"])] == ["██"] * 3


def test_shades_rise_with_the_weights() -> None:
    text = heat_map(torch.tensor([[0.0, 0.01, 0.3, 0.6, 1.0]]), ["a"])
    assert text.splitlines()[-1] == "a   ░░▒▒▓▓██"


def test_a_picture_is_written(tmp_path: Path) -> None:
    out = here(tmp_path, "show", "a b c", "picture=a.svg").out
    assert out.endswith("picture: a.svg\n")
    assert ElementTree.parse(tmp_path / "a.svg").getroot().get("viewBox") == "0 0 3 3"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["show", " "], "sentence: has 0 words; give 1 to 24"),
        (["show", "word " * 25], "sentence: has 25 words; give 1 to 24"),
        (["show", "picture=a.png"], "picture=a.png: must be a file.svg"),
        (["show", "picture=no/such/a.svg"], "picture=no/such/a.svg: cannot be written: No such file or directory"),
        (["show", "score=location", "score.positions=2"], "score.positions=2"),
    ],
)
def test_what_it_cannot_show_is_refused(tmp_path: Path, words: list[str], message: str) -> None:
    found = here(tmp_path, *words)
    assert found.status == 2
    assert message in found.err
