"""Which test sentences are looked at closely."""

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
    assert len(sentences_to_judge(task([2000] * 3), 100)) == 1


def test_only_those_with_links_are_looked_at_where_some_have() -> None:
    some = task([5, 6, 7, 8, 9], aligned=[1, 3])
    assert lengths(sentences_to_judge(some, 100)) == lengths(sentences_to_show(some, 3)) == [6, 8]
