"""Which test sentences are looked at closely."""

import pytest

from attnbench.quality.example_sentences import sentences_to_judge, sentences_to_show
from attnbench.tasks.task import Pair, Task
from attnbench.tasks.vocabulary import WordVocabulary

WORDS = WordVocabulary(["w"], tokenized=True)


def task(lengths: list[int], aligned: list[int] | None = None) -> Task:
    """A task with test sentences of these lengths. Those at `aligned` have a link."""
    known = aligned or []
    test = [
        Pair(f"{i} " + "w " * (length - 1), "w " * length, ((0, 0),) if i in known else ())
        for i, length in enumerate(lengths)
    ]
    return Task("toy", WORDS, WORDS, test[:1], test[:1], test)


def lengths(pairs: list[Pair]) -> list[int]:
    return [len(pair.source.split()) for pair in pairs]


def test_what_is_shown_is_spread_over_the_short_ones() -> None:
    assert lengths(sentences_to_show(task([40, 5, 8, 24, 6, 7, 25]), 2)) == [6, 8]
    assert lengths(sentences_to_show(task([7, 5, 6]), 9)) == [5, 6, 7]
    assert lengths(sentences_to_show(task([90, 50, 60]), 2)) == [50, 60]
    assert sentences_to_show(task([5, 6]), 0) == []


def test_what_is_judged_is_spread_over_all_lengths() -> None:
    assert lengths(sentences_to_judge(task([*range(99, 0, -1)]), 9)) == [*range(10, 100, 10)]
    assert lengths(sentences_to_judge(task([2, 1, 3]), 100)) == [1, 2, 3]
    assert sentences_to_judge(task([5, 6]), 0) == []


def test_fewer_are_judged_where_they_are_long() -> None:
    assert len(sentences_to_judge(task([10] * 300), 100)) == 100
    assert len(sentences_to_judge(task([100] * 300), 100)) == 10
    assert len(sentences_to_judge(task([300] * 3), 100)) == 1


def test_what_is_too_long_is_left_out_and_said(caplog: pytest.LogCaptureFixture) -> None:
    assert lengths(sentences_to_judge(task([316, 5, 3000, 317, 6]), 9)) == [5, 6, 316]
    assert "evaluated without 2 of 5 test sentences: they have more than 316 tokens" in caplog.text
    assert sentences_to_judge(task([317] * 2), 9) == []
    assert lengths(sentences_to_show(task([101, 100, 3000]), 9)) == [100]
    assert "no weights are kept" not in caplog.text
    assert sentences_to_show(task([101] * 2), 9) == []
    assert "no weights are kept: each test sentence has more than 100 tokens" in caplog.text


def test_the_length_of_text_without_spaces_is_counted_in_tokens() -> None:
    letters = WordVocabulary(["w"])
    short, long = Pair("我会", "我会"), Pair("我" * 2000, "会" * 2000)
    chinese = Task("toy", letters, letters, [short], [short], [long, short])
    assert sentences_to_judge(chinese, 9) == sentences_to_show(chinese, 9) == [short]
    middle = Task("toy", letters, letters, [short], [short], [Pair("我", "会" * 100)] * 20)
    assert len(sentences_to_judge(middle, 20)) == 10


def test_words_are_set_apart_by_spaces_alone() -> None:
    spaced = Pair("w\u00a0w " * 20, "w")
    toy = Task("toy", WORDS, WORDS, [spaced], [spaced], [spaced, Pair("w " * 40, "w")])
    assert sentences_to_show(toy, 9) == [spaced]


def test_only_those_with_links_are_looked_at_where_some_have() -> None:
    some = task([5, 6, 7, 8, 9], aligned=[1, 3])
    assert lengths(sentences_to_judge(some, 100)) == lengths(sentences_to_show(some, 3)) == [6, 8]
