"""Sentences that a model cannot read are told before it is trained."""

import pytest

from attnbench.errors import UserError
from attnbench.job.lengths import check_lengths
from attnbench.tasks.task import Pair, Task
from attnbench.tasks.vocabulary import WordVocabulary
from tests.models import toy

LETTERS = WordVocabulary(list("abcdefgh"))
SHORT, LONG = [Pair("a b", "a b c")], [Pair("a b c d e", "a")]


def task(test: list[Pair], beyond: list[Pair]) -> Task:
    return Task("task", LETTERS, LETTERS, train=SHORT, validation=SHORT, test=test, beyond=beyond)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("positions=learned positions.longest=3", r"positions\.longest=3: a source .* test set has 6 .*=6 or more"),
        ("score=location score.positions=5", r"score\.positions=5: a source .* test set has 6 .*=6 or more"),
    ],
)
def test_the_longest_sentence_of_all_is_what_a_table_must_hold(table: str, message: str) -> None:
    model = toy.build("model=transformer", *table.split())
    with pytest.raises(UserError, match=message):
        check_lengths(model, task(LONG, []))


def test_a_target_is_read_after_its_begin() -> None:
    model = toy.build("model=transformer", "positions=learned", "positions.longest=3")
    with pytest.raises(UserError, match=r"a target sentence of the (train|valid|test).* has 4 tokens"):
        check_lengths(model, task(SHORT, []))


def test_what_fits_is_not_refused_and_sentences_beyond_are_not_checked() -> None:
    check_lengths(toy.build("model=transformer", "positions=learned", "positions.longest=4"), task(SHORT, LONG))
    check_lengths(toy.build("decoder=luong", "score=location", "score.positions=3"), task(SHORT, LONG))
    check_lengths(toy.build("decoder=luong"), task(LONG, LONG))
