"""The evaluation of alignments: a model with given weights, against loops over these weights."""

import math
import sys
from collections.abc import Sequence
from typing import Any, cast

import pytest
import torch
from torch import Tensor

from attnbench.models.model import Model
from attnbench.quality import alignment_quality as judged
from attnbench.quality.alignment_quality import alignment_quality
from attnbench.quality.error_rate import rates
from attnbench.record import AlignmentQuality
from attnbench.tasks.task import Pair, Task
from attnbench.tasks.vocabulary import WordVocabulary

WORDS = WordVocabulary(["a", "b", "c", "d"], tokenized=True)
PAIR = Pair("a b c", "c a b", ((2, 0), (0, 1), (1, 2)))
RIGHT = [[0.0, 0.0, 1.0, 0.0], [1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]]
EVEN = [[0.25] * 4] * 4
HALF = [[0.5, 0.5, 0.0, 0.0]] * 4


def found(
    monkeypatch: pytest.MonkeyPatch,
    attention: Sequence[Tensor | None],
    implicit: Sequence[Tensor],
    pairs: Sequence[Pair] = (PAIR,),
    gold: str | None = "task",
) -> AlignmentQuality:
    """The evaluation of a model with these weights, `(L, H, T, S)` and `(T, S)`, sentence by sentence."""
    read = [([*WORDS.encode(pair.source), 3], [*WORDS.encode(pair.target), 3]) for pair in pairs]

    def of(given: Sequence[Any]) -> Any:
        return lambda model, source, target: given[read.index((source, target))]

    monkeypatch.setattr(judged, "attention_weights", of(attention))
    monkeypatch.setattr(judged, "implicit_weights", of(implicit))
    task = Task("toy", WORDS, WORDS, pairs, pairs, pairs, gold=gold)
    quality = alignment_quality(cast(Model, torch.nn.Identity()), task, pairs)
    assert quality is not None
    return quality


def heads(*tables: list[list[float]]) -> Tensor:
    """One layer with these heads."""
    return torch.tensor([tables])


def test_one_that_looks_where_the_gold_says_makes_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    quality = found(monkeypatch, [heads(RIGHT)], [torch.tensor(RIGHT)])
    assert quality.links == quality.implicit_links == [[3, 3, 3, 3]]
    assert [(head.aer, head.precision, head.recall, head.entropy) for head in quality.heads] == [(0, 1, 1, 0)]
    assert (quality.entropy, quality.implicit_entropy, quality.agreement) == (0, 0, 1)
    assert (quality.sentences, quality.gold) == (1, "task")


def test_an_example_worked_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = Pair("a b c", "c a b", ((2, 0), (1, 2)), ((0, 1), (0, 2)))
    # The mean looks at c, a and a: one of the two sure links, and two possible ones.
    first = [[0.0, 0.0, 1.0, 0.0], [1.0, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]]
    second = [[0.0, 0.6, 0.4, 0.0], [0.0, 0.0, 0.0, 1.0], [0.5, 0.5, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]]
    quality = found(monkeypatch, [heads(first, second)], [torch.tensor(EVEN)], [pair])
    assert quality.links == [[3, 2, 1, 3]]
    assert quality.implicit_links == [[3, 2, 0, 2]]  # a each time, of equals the first
    one, other = quality.heads
    assert (one.layer, one.head, other.layer, other.head) == (0, 0, 0, 1)
    assert (one.aer, one.precision, one.recall) == (pytest.approx(1 - 4 / 5), 1.0, 0.5)
    # It finds b for c, which is wrong, nothing for a, and a for b, which is possible.
    assert (other.aer, other.precision, other.recall) == (pytest.approx(1 - 1 / 4), 0.5, 0.0)
    entropy = -(0.6 * math.log(0.6) + 0.4 * math.log(0.4)) + math.log(2)
    assert (one.entropy, other.entropy) == (0, pytest.approx(entropy / 4))


@pytest.mark.parametrize(
    ("attention", "implicit", "entropy", "agreement"),
    [
        (EVEN, EVEN, math.log(4), 1.0),
        (HALF, EVEN, math.log(2), 0.5),
        (HALF, [[0.0, 0.5, 0.5, 0.0]] * 4, math.log(2), 0.5),
        (HALF, [[0.0, 0.0, 0.5, 0.5]] * 4, math.log(2), 0.0),
        (HALF, [[0.8, 0.1, 0.1, 0.0]] * 4, math.log(2), 0.6),
        (RIGHT, [*RIGHT[:3], RIGHT[0]], 0.0, 0.75),
        ([[0.1, 0.1, 0.0, 0.0]] * 4, HALF, math.log(2), 1.0),  # a scope that takes weight away
        ([[0.0] * 4] * 4, HALF, 0.0, 0.0),  # and one that leaves none
    ],
)
def test_entropy_and_agreement_of_weights_that_are_known(
    monkeypatch: pytest.MonkeyPatch,
    attention: list[list[float]],
    implicit: list[list[float]],
    entropy: float,
    agreement: float,
) -> None:
    quality = found(monkeypatch, [heads(attention)], [torch.tensor(implicit)])
    assert quality.entropy == pytest.approx(entropy, abs=1e-6)
    assert quality.heads[0].entropy == pytest.approx(entropy, abs=1e-6)
    assert quality.agreement == pytest.approx(agreement, abs=1e-6)


def test_many_sentences_against_a_loop_over_their_words(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = torch.Generator().manual_seed(1)
    pairs = [
        Pair("a b c d", "d c b a", ((0, 3), (1, 2), (1, 1)), ((2, 1), (3, 3))),
        Pair("b a", "a b c", ((1, 0),), ((0, 2),)),
        Pair("d", "a d", ((0, 1),)),
    ]
    shapes = [(len(pair.target.split()) + 1, len(pair.source.split()) + 1) for pair in pairs]
    attention = [torch.rand(2, 3, *shape, generator=generator).softmax(-1) for shape in shapes]
    implicit = [torch.rand(shape, generator=generator).softmax(-1) for shape in shapes]
    quality = found(monkeypatch, attention, implicit, pairs)

    def counts(pair: Pair, weights: list[list[float]]) -> list[int]:
        best = [row.index(max(row)) for row in weights[:-1]]
        links = {(s, t) for t, s in enumerate(best) if s < len(pair.source.split())}
        sure, either = set(pair.links), {*pair.links, *pair.possible}
        return [len(links), len(sure), len(links & sure), len(links & either)]

    def nats(tables: list[Tensor]) -> float:
        rows = [row for table in tables for row in table.tolist()]
        return -sum(share * math.log(share) for row in rows for share in row) / len(rows)

    means = [each.mean((0, 1)) for each in attention]
    assert quality.links == [counts(pair, table.tolist()) for pair, table in zip(pairs, means, strict=True)]
    assert quality.implicit_links == [counts(pair, table.tolist()) for pair, table in zip(pairs, implicit, strict=True)]
    assert quality.entropy == pytest.approx(nats(means), rel=1e-5)
    assert quality.implicit_entropy == pytest.approx(nats(implicit), rel=1e-5)
    distances = [
        1 - sum(abs(p - q) for p, q in zip(*rows, strict=True)) / 2
        for tables in zip(means, implicit, strict=True)
        for rows in zip(*(table.tolist() for table in tables), strict=True)
    ]
    assert quality.agreement == pytest.approx(sum(distances) / len(distances), rel=1e-5)
    assert [(head.layer, head.head) for head in quality.heads] == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]
    for head in quality.heads:
        tables = [each[head.layer, head.head] for each in attention]
        rows = [counts(pair, table.tolist()) for pair, table in zip(pairs, tables, strict=True)]
        assert (head.aer, head.precision, head.recall) == rates(rows)
        assert head.entropy == pytest.approx(nats(tables), rel=1e-5)


def test_words_without_tokens_have_no_links_that_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    vocabulary = WordVocabulary(["a", "b", "c", "d"])
    monkeypatch.setattr(sys.modules[__name__], "WORDS", vocabulary)
    pair = Pair("a b c \u00a0", "c \u00a0 a b \u3000".replace("\u3000", "\u2028"), ((2, 0), (0, 2), (1, 3), (3, 4)))
    quality = found(monkeypatch, [heads(RIGHT)], [torch.tensor(RIGHT)], [pair])
    assert quality.links == quality.implicit_links == [[3, 4, 3, 3]]


def test_without_attention_there_is_what_the_implicit_weights_say(monkeypatch: pytest.MonkeyPatch) -> None:
    quality = found(monkeypatch, [None], [torch.tensor(RIGHT)])
    assert (quality.links, quality.heads, quality.entropy, quality.agreement) == ([], [], None, None)
    assert (quality.implicit_links, quality.implicit_entropy) == ([[3, 3, 3, 3]], 0)


def test_without_gold_links_there_are_no_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    quality = found(monkeypatch, [heads(RIGHT)], [torch.tensor(EVEN)], gold=None)
    assert (quality.gold, quality.links, quality.implicit_links) == (None, [], [])
    assert [(head.aer, head.precision, head.recall) for head in quality.heads] == [(None, None, None)]
    assert quality.agreement == pytest.approx(0.25)


def test_no_sentence_no_quality() -> None:
    task = Task("toy", WORDS, WORDS, [PAIR], [PAIR], [PAIR])
    assert alignment_quality(cast(Model, torch.nn.Identity()), task, []) is None
