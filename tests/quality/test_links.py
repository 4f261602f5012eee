"""Links between words, against a loop over words, with every kind of vocabulary."""

from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from attnbench.quality.links import linked_words, token_links, word_indices, word_indices_of_ids, word_links
from attnbench.tasks.task import Vocabulary
from attnbench.tasks.text import words_of
from attnbench.tasks.vocabulary import sentencepiece, words

TEXTS = [
    "Der Hund läuft, heute.",
    " 10\u00a0km\u2028weit,  ja\u3000doch\tja ",
    "a blue-green 'hat' is  3,5 km away",
    "我会说 French。",
    "unbelievably small",
]
WORDS = st.lists(st.integers(0, 1), max_size=6).map(lambda steps: [*accumulate(steps)])  # 0 0 1 1 1 2, or 1 1 2 2


@pytest.fixture(params=["words", "tokenized", "sentencepiece"])
def vocabulary(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Vocabulary:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    if request.param == "sentencepiece":
        return sentencepiece(TEXTS, size=70, coverage=1.0, lowercase=False, tokenized=False)
    return words(TEXTS, min_count=1, lowercase=False, tokenized=request.param == "tokenized")


def one_by_one(weights: list[list[float]], source: Sequence[int], target: Sequence[int]) -> list[tuple[int, int]]:
    """Each target word with the source word that has most weight, unless that is the end."""
    links = []
    for word in sorted(set(target)):
        rows = [row for row, its in zip(weights, target, strict=False) if its == word]
        mass = [sum(row[s] for row in rows for s, its in enumerate(source) if its == other) for other in range(7)]
        best = max(range(7), key=mass.__getitem__)
        if mass[best] > 0 and mass[best] >= sum(row[len(source)] for row in rows):
            links.append((best, word))
    return links


@given(source=WORDS, target=WORDS, seed=st.integers(0, 1000), hard=st.booleans())
def test_a_word_is_linked_to_where_it_looks_most(source: list[int], target: list[int], seed: int, hard: bool) -> None:
    generator = torch.Generator().manual_seed(seed)
    weights = torch.rand(len(target) + 1, len(source) + 1, generator=generator, dtype=torch.float64)
    if hard:
        weights = (weights > 0.8).double() * torch.arange(1, len(source) + 2)
    links = word_links(weights, source, target)
    assert links == one_by_one(weights.tolist(), source, target)


def test_many_tables_at_once_are_linked_as_each_is() -> None:
    generator = torch.Generator().manual_seed(1)
    weights = torch.rand(2, 3, 5, 4, generator=generator)
    source, target = [0, 0, 1], [0, 1, 1, 2]
    linked = linked_words(weights, source, target)
    assert linked.shape == (2, 3, 3)
    for layer in range(2):
        for head in range(3):
            found = [(word, row) for row, word in enumerate(linked[layer, head].tolist()) if word >= 0]
            assert found == word_links(weights[layer, head], source, target)


def test_of_words_with_the_same_weight_it_is_the_first() -> None:
    assert word_links(torch.full((3, 9), 1 / 9), [*range(8)], [0, 1]) == [(0, 0), (0, 1)]


def test_linked_words_link_all_their_tokens() -> None:
    assert token_links([(0, 0), (2, 1)], [0, 0, 1, 2], [0, 1, 1]) == [(0, 0), (1, 0), (3, 1), (3, 2)]
    assert token_links([(1, 0)], [0, 1], [0]) == [(1, 0)]


def test_pieces_are_merged_and_what_looks_at_the_end_is_left_alone() -> None:
    weights = torch.tensor(
        [
            [0.3, 0.3, 0.4, 0.0],  # word 0: more on the two pieces of source word 0 than on source word 1
            [0.0, 0.1, 0.3, 0.6],  # word 1: at the end, but for its second piece
            [0.0, 0.1, 0.9, 0.0],
            [0.1, 0.2, 0.3, 0.4],  # word 2: at the end
            [0.0, 0.0, 0.0, 0.0],  # word 3: nowhere
            [1.0, 0.0, 0.0, 0.0],  # the end itself
        ]
    )
    assert word_links(weights, [0, 0, 1], [0, 1, 1, 2, 3]) == [(0, 0), (1, 1)]


def test_the_tokens_of_a_text_belong_to_its_words(vocabulary: Vocabulary) -> None:
    for text in TEXTS:
        belongs = word_indices(vocabulary, text)
        assert len(belongs) == len(vocabulary.encode(text))
        assert sorted(set(belongs)) == list(range(len(words_of(text))))
        for number, word in enumerate(words_of(text)):
            ids = [i for i, its in zip(vocabulary.encode(text), belongs, strict=True) if its == number]
            assert ids == vocabulary.encode(word)


def test_the_tokens_that_are_written_belong_to_the_words_they_make(vocabulary: Vocabulary) -> None:
    for text in TEXTS:
        ids = vocabulary.encode(text)
        made, belongs = words_of(vocabulary.decode(ids)), word_indices_of_ids(vocabulary, ids)
        assert sorted(set(belongs)) == list(range(len(made)))
        for number, word in enumerate(made):
            its = [i for i, belonging in zip(ids, belongs, strict=True) if belonging == number]
            assert vocabulary.decode(its).strip(" ") == word
    assert word_indices_of_ids(vocabulary, []) == []


def test_a_mark_belongs_to_the_word_that_it_touches() -> None:
    vocabulary = words(TEXTS, min_count=1, lowercase=False, tokenized=False)
    assert word_indices(vocabulary, "Der Hund läuft, heute.") == [0, 1, 2, 2, 3, 3]


def test_white_space_other_than_a_space_begins_no_word() -> None:
    vocabulary = words(TEXTS, min_count=1, lowercase=False, tokenized=False)
    assert word_indices(vocabulary, TEXTS[1]) == [0, 0, 0, 0, 1, 1, 1, 1]  # 10 km weit ,   ja U+3000 doch ja
    tokenized = words(TEXTS, min_count=1, lowercase=False, tokenized=True)
    assert word_indices(tokenized, TEXTS[1]) == word_indices_of_ids(tokenized, tokenized.encode(TEXTS[1])) == [0, 1]
    assert word_indices(vocabulary, "km \u00a0 km") == [0, 2]
