"""The alignments that a record keeps."""

from functools import partial
from typing import Any

import pytest
import torch

from attnbench.attention import Attention
from attnbench.attention.kernels import AutoKernel
from attnbench.attention.key_value import Tied
from attnbench.attention.scopes import Global
from attnbench.attention.scores import Dot
from attnbench.attention.selections import Soft
from attnbench.models.rnn.decoders import Luong, NoAttention
from attnbench.models.rnn.rnn import RNN
from attnbench.quality.alignment import alignments
from attnbench.quality.implicit_attention import implicit_weights
from attnbench.record import Alignment
from attnbench.tasks.grammar import grammar
from attnbench.tasks.task import EOS, Pair, Task
from attnbench.tasks.vocabulary import words

TASK = grammar(length=8, train=40, validation=2, test=2)
SHAPE: dict[str, Any] = {"embedding": 8, "width": 8, "layers": 1, "bidirectional": True, "dropout": 0.1}
DOT = partial(Attention, score=Dot, scope=Global, selection=Soft, key_value=Tied, kernel=AutoKernel(), heads=2)


def found(decoder: Any) -> tuple[RNN, list[Alignment]]:
    """A model with dropout, and its alignments of the test set."""
    model = RNN(len(TASK.source), len(TASK.target), decoder=decoder, cell="gru", **SHAPE)
    return model, alignments(model, TASK, TASK.test)


def assert_rows(rows: list[list[float]], alignment: Alignment) -> None:
    """A row for each target token, a column for each source token; each row sums to one."""
    assert len(rows) == len(alignment.target)
    assert all(len(row) == len(alignment.source) for row in rows)
    assert all(sum(row) == pytest.approx(1, abs=2e-3) for row in rows)


def test_they_have_a_row_a_target_token_and_a_column_a_source_token() -> None:
    _, kept = found(partial(Luong, attention=DOT))
    for pair, alignment in zip(TASK.test, kept, strict=True):
        assert alignment.source == [*pair.source.split(), "</s>"]
        assert alignment.target == [*pair.target.split(), "</s>"]
        assert alignment.gold == list(pair.links)
        [heads] = alignment.weights  # of the one layer
        assert len(heads) == 2
        for rows in (*heads, alignment.implicit):
            assert_rows(rows, alignment)


def test_gold_links_between_words_are_shown_between_their_tokens() -> None:
    vocabulary = words(["a-b c"], min_count=1, lowercase=False, tokenized=False)
    pair = Pair("c 'a-b'", "'c'", ((1, 0),), ((0, 0),))
    task = Task("toy", vocabulary, vocabulary, [pair], [pair], [pair])
    model = RNN(len(vocabulary), len(vocabulary), decoder=partial(NoAttention, context="initial"), cell="gru", **SHAPE)
    [alignment] = alignments(model, task, [pair])
    assert len(alignment.source) == 1 + 3 + 1 and len(alignment.target) == 3 + 1
    assert alignment.gold == [(i, j) for i in (1, 2, 3) for j in (0, 1, 2)]


def test_without_attention_there_are_the_implicit_weights() -> None:
    model, kept = found(partial(NoAttention, context="initial"))
    for pair, alignment in zip(TASK.test, kept, strict=True):
        assert alignment.weights == []
        assert_rows(alignment.implicit, alignment)
        source, target = TASK.source.encode(pair.source), TASK.target.encode(pair.target)
        expected = implicit_weights(model.eval(), [*source, EOS], [*target, EOS])
        torch.testing.assert_close(torch.tensor(alignment.implicit), expected, atol=6e-5, rtol=0)
