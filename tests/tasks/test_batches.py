"""Tests of batches: every sentence once, padded, in an order that depends only on the seed."""

from collections.abc import Iterable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from attnbench.tasks.batches import POOL, Batch, Batches
from attnbench.tasks.task import (
    BOS,
    EOS,
    PAD,
    UNK,
    Pair,
    Task,
)
from attnbench.tasks.vocabulary import WordVocabulary

CPU = torch.device("cpu")
WORDS = WordVocabulary(["a", "b", "c"], tokenized=True)
A, B, C = WORDS.encode("a b c")


def batches(pairs: list[Pair], size: int) -> Batches:
    return Batches(Task("toy", WORDS, WORDS, pairs, pairs, pairs), pairs, size, CPU)


def of_lengths(lengths: Iterable[int], size: int) -> Batches:
    return batches([Pair(" ".join("a" * length), " ".join("b" * length)) for length in lengths], size)


def rows(batches: Iterable[Batch]) -> list[list[int]]:
    return [batch.rows for batch in batches]


def test_a_batch_by_hand() -> None:
    (batch,) = batches([Pair("a b c", "c"), Pair("b", "a x")], 2).in_order()
    assert batch.rows == [1, 0]
    assert batch.source.tolist() == [[B, EOS, PAD, PAD], [A, B, C, EOS]]
    assert batch.lengths.tolist() == [2, 4]
    assert batch.target.tolist() == [[BOS, A, UNK], [BOS, C, PAD]]
    assert batch.expected.tolist() == [[A, UNK, EOS], [C, EOS, PAD]]
    assert batch.target_tokens == 5


def test_an_empty_sentence_has_an_end_token() -> None:
    (batch,) = batches([Pair("", "")], 2).in_order()
    assert (batch.source.tolist(), batch.lengths.tolist()) == ([[EOS]], [1])
    assert (batch.target.tolist(), batch.expected.tolist()) == ([[BOS]], [[EOS]])


@settings(max_examples=30, deadline=None, derandomize=True)
@given(lengths=st.lists(st.integers(0, 12), min_size=1, max_size=40), size=st.integers(1, 9), seed=st.integers(0, 99))
def test_each_sentence_comes_once_and_only_padding_is_added(lengths: list[int], size: int, seed: int) -> None:
    made = of_lengths(lengths, size)
    for epoch in (list(made.shuffled(seed, 0)), list(made.in_order())):
        assert len(epoch) == len(made)
        assert sorted(row for batch in epoch for row in batch.rows) == list(range(len(lengths)))
        for batch in epoch:
            assert len(batch.rows) <= size
            assert batch.lengths.tolist() == [lengths[row] + 1 for row in batch.rows]
            assert ((batch.source != PAD).sum(1) == batch.lengths).all()
            assert batch.source.shape[1] == batch.lengths.max()
            assert int((batch.expected != PAD).sum()) == batch.target_tokens
            assert torch.equal(
                batch.target[:, 1:] != PAD, (batch.expected[:, :-1] != PAD) & (batch.target[:, 1:] != PAD)
            )


def test_the_order_depends_only_on_seed_and_epoch() -> None:
    lengths = [(7 * i) % 13 for i in range(60)]
    made = of_lengths(lengths, 4)
    first = rows(made.shuffled(1, 0))
    torch.manual_seed(3)
    list(made.in_order())
    assert rows(of_lengths(lengths, 4).shuffled(1, 0)) == first
    assert rows(made.shuffled(1, 1)) != first
    assert rows(made.shuffled(2, 0)) != first


def test_shuffling_does_not_change_the_global_random_state() -> None:
    state = torch.get_rng_state()
    list(of_lengths(range(9), 2).shuffled(1, 0))
    assert torch.equal(torch.get_rng_state(), state)


def test_a_batch_has_similar_lengths_and_batches_are_not_in_order_of_length() -> None:
    lengths = [(7 * i) % 40 for i in range(40 * 8)]
    batch_lengths = [[lengths[row] for row in batch] for batch in rows(of_lengths(lengths, 8).shuffled(1, 0))]
    assert len(lengths) <= 8 * POOL
    assert all(max(batch) - min(batch) <= 1 for batch in batch_lengths)
    assert batch_lengths != sorted(batch_lengths)


def test_in_order_is_shortest_first() -> None:
    lengths = [5, 2, 9, 2, 0, 7]
    assert [lengths[row] for batch in rows(of_lengths(lengths, 4).in_order()) for row in batch] == sorted(lengths)


@pytest.mark.parametrize(("size", "low", "end"), [(3, 3, 6), (4, 3, 7), (10, 0, 10), (99, 0, 10)])
def test_the_typical_batch_is_in_the_middle_of_the_lengths(size: int, low: int, end: int) -> None:
    lengths = [9, 0, 3, 6, 1, 8, 4, 2, 7, 5]
    assert [lengths[row] for row in of_lengths(lengths, size).typical().rows] == list(range(low, end))


def test_in_order_a_batch_of_long_sentences_has_fewer_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("attnbench.tasks.batches.MOST_WEIGHTS", 200)
    pairs = of_lengths([9, 1, 30, 4, 1, 9, 4, 4], 3).pairs
    made = batches([*pairs, Pair("a", " ".join("b" * 19))], 3)
    lengths = [[len(made.source[row]) for row in batch] for batch in rows(made.in_order())]
    assert lengths == [[2, 2], [2], [5, 5, 5], [10, 10], [31]]  # 2, but with a target of 20
    assert [len(batch) for batch in rows(made.shuffled(1, 0))] == [3, 3, 3]  # training is not changed


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    lengths=st.lists(st.integers(0, 12), min_size=1, max_size=40), tokens=st.integers(1, 60), seed=st.integers(0, 99)
)
def test_a_batch_has_as_many_sentences_as_fit_in_its_tokens(lengths: list[int], tokens: int, seed: int) -> None:
    pairs = [Pair(" ".join("a" * length), " ".join("b" * (20 - length))) for length in lengths]
    made = Batches(Task("toy", WORDS, WORDS, pairs, pairs, pairs), pairs, 2, CPU, tokens=tokens)
    epoch = list(made.shuffled(seed, 0))
    assert len(epoch) == len(made)
    assert sorted(row for batch in epoch for row in batch.rows) == list(range(len(lengths)))
    sizes = [max(batch.source.numel(), batch.target.numel()) for batch in epoch]
    assert all(size <= tokens or len(batch.rows) == 1 for size, batch in zip(sizes, epoch, strict=True))
    assert sorted(rows(made.shuffled(seed, 1))) == sorted(rows(epoch))
    assert made.typical().rows in rows(epoch)


def test_one_batch_takes_all_that_fits() -> None:
    made = Batches(Task("toy", WORDS, WORDS, [], [], []), [Pair("a b", "a b")] * 7, 1, CPU, tokens=10)
    assert sorted(map(len, rows(made.shuffled(1, 0)))) == [1, 3, 3]
