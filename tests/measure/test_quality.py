"""Quality against sacreBLEU itself, and against a loop over sentences."""

from collections.abc import Callable
from functools import cache, partial
from itertools import pairwise
from typing import Any

import pytest
import sacrebleu
import torch
from torch.nn import functional as F

from attnbench.attention import Attention
from attnbench.attention.kernels import Auto
from attnbench.attention.scopes import Global
from attnbench.attention.scores import Dot
from attnbench.attention.selection import Soft
from attnbench.measure.quality import alignments, corpus_bleu, evaluate, token_statistics, translate_all
from attnbench.models.decoders import Decoder, Luong, NoAttention
from attnbench.models.decoding import greedy
from attnbench.models.initialise import initialise
from attnbench.models.rnn import RNN
from attnbench.record import LengthBin
from attnbench.tasks.batches import Batches
from attnbench.tasks.grammar import grammar
from attnbench.tasks.task import BOS, EOS, Pair, Task

CPU = torch.device("cpu")
SHAPE: dict[str, Any] = {
    "embedding": 8,
    "width": 8,
    "cell": "gru",
    "layers": 1,
    "bidirectional": True,
    "dropout": 0.1,
}
LUONG = partial(Luong, attention=partial(Attention, score=Dot, scope=Global, selection=Soft, kernel=Auto(), heads=2))


@cache
def task() -> Task:
    return grammar(length=8, train=40, validation=4, test=12)


def model(decoder: Callable[..., Decoder] = LUONG) -> RNN:
    """Untrained, yet not silent."""
    made = RNN(len(task().source), len(task().target), decoder=decoder, **SHAPE)
    initialise(made, 1)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.mul_(3)
    return made


def batches(pairs: list[Pair] | None = None, size: int = 5) -> Batches:
    return Batches(task(), pairs or task().test, size, CPU)


def judged(pairs: list[Pair]) -> list[LengthBin]:
    """The bins of a test set of `pairs`."""
    changed = Task("toy", task().source, task().target, pairs, pairs, pairs, task().bleu)
    return evaluate(model(), changed, batches(pairs), 0)[0].by_length


def test_bleu_is_that_of_sacrebleu() -> None:
    translations = ["the cat sat on the mat today", "a dog ran very far away"]
    references = ["the cat sat on the mat", "a dog ran far away"]
    choices: list[dict[str, Any]] = [{}, {"tokenize": "none"}, {"lowercase": True}]
    for options in choices:
        expected = sacrebleu.corpus_bleu(translations, [references], force=True, **options).score
        assert 0 < expected < 100
        assert corpus_bleu(translations, references, options) == expected
    assert corpus_bleu(references, references, {}) == pytest.approx(100.0)


def test_quality_is_what_a_reader_would_compute_from_the_translations() -> None:
    made, references = model(), [pair.target for pair in task().test]
    quality, translations = evaluate(made, task(), batches(), samples=3)
    assert quality.bleu == corpus_bleu(translations, references, task().bleu)
    assert quality.bleu_low <= quality.bleu <= quality.bleu_high
    assert quality.chrf == sacrebleu.corpus_chrf(translations, [references]).score
    assert {"tok:none", f"version:{sacrebleu.__version__}"} <= set(quality.bleu_signature.split("|"))
    assert f"version:{sacrebleu.__version__}" in quality.chrf_signature
    assert quality.sentences == 12
    assert [(s.source, s.reference) for s in quality.samples] == [
        (task().test[row].source, references[row]) for row in (0, 5, 11)
    ]
    assert [s.hypothesis for s in quality.samples] == [translations[row] for row in (0, 5, 11)]
    assert quality == evaluate(made, task(), batches(), samples=3)[0]


def test_translations_come_in_the_order_of_the_set_and_do_not_depend_on_the_batch() -> None:
    made, counts = model().eval(), list[int]()
    found = translate_all(made, task(), batches(), seen=counts.append)
    assert counts == [5, 5, 2]
    for pair, text in zip(task().test, found, strict=True):
        ids = [*task().source.encode(pair.source), EOS]
        (alone,) = greedy(made, torch.tensor([ids]), torch.tensor([len(ids)]))
        assert text == task().target.decode(alone.ids)
    assert len(set(found)) > 1


def test_token_statistics_are_those_of_the_sentences_one_by_one() -> None:
    made = model().eval()
    losses, right = [], []
    for pair in task().test:
        source = torch.tensor([[*task().source.encode(pair.source), EOS]])
        target = task().target.encode(pair.target)
        with torch.no_grad():
            logits = made(source, torch.tensor([source.shape[1]]), torch.tensor([[BOS, *target]])).logits[0]
        expected = torch.tensor([*target, EOS])
        losses += F.cross_entropy(logits, expected, reduction="none").tolist()
        right += (logits.argmax(-1) == expected).tolist()
    found = token_statistics(made, batches())
    assert found.loss == pytest.approx(sum(losses) / len(losses), rel=1e-5)
    assert found.accuracy == pytest.approx(sum(right) / len(right))


def test_bins_of_length_partition_the_set() -> None:
    lengths = [len(pair.source.split()) for pair in task().test]
    bins = judged(list(task().test))
    assert 1 < len(bins) <= 4
    assert [sum(one.low <= length <= one.high for length in lengths) for one in bins] == [one.sentences for one in bins]
    assert sum(one.sentences for one in bins) == len(lengths)
    assert all(first.high < second.low for first, second in pairwise(bins))
    assert (bins[0].low, bins[-1].high) == (min(lengths), max(lengths))


@pytest.mark.parametrize("count", [1, 3])
def test_sentences_of_one_length_are_one_bin(count: int) -> None:
    pair = task().test[0]
    length = len(pair.source.split())
    assert [(one.low, one.high, one.sentences) for one in judged([pair] * count)] == [(length, length, count)]


def test_alignments_have_a_row_a_target_token_and_a_column_a_source_token() -> None:
    pairs = task().test[:2]
    for pair, found in zip(pairs, alignments(model(), task(), pairs, CPU), strict=True):
        assert found.source == [*pair.source.split(), "</s>"]
        assert found.target == [*pair.target.split(), "</s>"]
        assert found.gold == list(pair.links)
        assert len(found.weights) == 2
        for head in found.weights:
            assert len(head) == len(found.target)
            assert all(sum(row) == pytest.approx(1, abs=1e-3) and len(row) == len(found.source) for row in head)


def test_there_are_no_alignments_without_attention() -> None:
    assert alignments(model(partial(NoAttention, context="initial")), task(), task().test[:2], CPU) == []
