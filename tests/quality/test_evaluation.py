"""Quality against sacreBLEU itself, and against a loop over sentences."""

from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

import pytest
import sacrebleu
import torch
from sacrebleu.metrics.bleu import BLEU
from torch.nn import functional as F

from attnbench.attention import Attention
from attnbench.attention.kernels import AutoKernel
from attnbench.attention.key_value import Tied
from attnbench.attention.scopes import Global
from attnbench.attention.scores import Dot
from attnbench.attention.selections import Soft
from attnbench.models.decoding import Beam, Greedy, Search
from attnbench.models.initialise import initialise
from attnbench.models.rnn.decoders import Decoder, Luong
from attnbench.models.rnn.rnn import RNN
from attnbench.quality.bleu import bleu_statistics, corpus_bleu
from attnbench.quality.evaluation import (
    evaluate,
    exact_match,
    token_statistics,
    translate_all,
)
from attnbench.tasks.batches import Batches
from attnbench.tasks.grammar import grammar
from attnbench.tasks.task import BOS, EOS, Pair, Task
from tests.training import small_model

CPU = torch.device("cpu")
SHAPE: dict[str, Any] = small_model.SHAPE | {"dropout": 0.1}
DOT = partial(Attention, score=Dot, scope=Global, selection=Soft, key_value=Tied, kernel=AutoKernel(), heads=2)
LUONG = partial(Luong, attention=DOT)


@cache
def task() -> Task:
    return grammar(length=8, train=40, validation=4, test=12)


def model(decoder: Callable[..., Decoder] = LUONG) -> RNN:
    """Untrained, but it does not end at once."""
    made = RNN(len(task().source), len(task().target), decoder=decoder, **SHAPE)
    initialise(made, 1)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.mul_(3)
    return made


def batches() -> Batches:
    return Batches(task(), task().test, 5, CPU)


def test_bleu_is_that_of_sacrebleu() -> None:
    translations = ["the cat sat on the mat today", "a dog ran very far away"]
    references = ["the cat sat on the mat", "a dog ran far away"]
    choices: list[dict[str, Any]] = [{}, {"tokenize": "none"}, {"lowercase": True}]
    for options in choices:
        expected = sacrebleu.corpus_bleu(translations, [references], force=True, **options).score
        assert 0 < expected < 100
        assert corpus_bleu(translations, references, options) == expected
    assert corpus_bleu(references, references, {}) == pytest.approx(100.0)


@pytest.mark.parametrize(
    "options", [{}, {"tokenize": "none"}, {"lowercase": True}, {"tokenize": "zh", "lowercase": True}]
)
def test_bleu_follows_from_the_summed_statistics_of_any_sentences(options: dict[str, Any]) -> None:
    translations = ["The cat, sat on the mat today.", "a Dog ran (very) far", "", "one", "the same as it was"] * 2
    references = ["the cat sat on the mat!", "a dog ran far, far away", "two words", "one", "the same as it was"] * 2
    statistics = bleu_statistics(translations, references, options)
    for rows in (range(10), [0], [1, 4], [2], [3, 3], [0, 1, 2, 2, 4, 9]):
        sums = [sum(column) for column in zip(*(statistics[row] for row in rows), strict=True)]
        length, reference_length, right, there = sums[0], sums[1], sums[2:6], sums[6:]
        found = BLEU.compute_bleu(right, there, length, reference_length, smooth_method="exp").score
        some = [translations[row] for row in rows], [references[row] for row in rows]
        assert found == corpus_bleu(*some, options)


def test_a_test_set_is_told_from_another_by_its_sentences() -> None:
    def test_set(pairs: Sequence[Pair]) -> str:
        return evaluate(model(), task(), Batches(task(), pairs, 5, CPU), Greedy(), 0)[0].test_set

    whole = test_set(task().test)
    assert test_set([*task().test]) == whole
    assert len({whole, test_set(task().test[1:]), test_set(task().test[::-1])}) == 3


def test_quality_is_what_a_reader_would_compute_from_the_translations() -> None:
    made, references = model(), [pair.target for pair in task().test]
    quality, translations = evaluate(made, task(), batches(), Greedy(), samples=3)
    assert quality.bleu == corpus_bleu(translations, references, task().bleu)
    assert (quality.bleu_low, quality.bleu_high) == (None, None)  # too few sentences
    assert quality.exact_match == exact_match(translations, references, task().bleu)
    assert quality.chrf == sacrebleu.corpus_chrf(translations, [references]).score
    assert {"tok:none", f"version:{sacrebleu.__version__}"} <= set(quality.bleu_signature.split("|"))
    assert f"version:{sacrebleu.__version__}" in quality.chrf_signature
    assert quality.sentences == 12
    assert quality.source_lengths == [len(pair.source.split()) for pair in task().test]
    assert quality.bleu_statistics == bleu_statistics(translations, references, task().bleu)
    assert [(s.source, s.reference) for s in quality.samples] == [
        (task().test[row].source, references[row]) for row in (0, 5, 11)
    ]
    assert [s.hypothesis for s in quality.samples] == [translations[row] for row in (0, 5, 11)]
    assert quality == evaluate(made, task(), batches(), Greedy(), samples=3)[0]


def test_a_match_is_exact_word_for_word() -> None:
    translations, references = ["a b", "a  b c", "a", "", "B a"], ["a b", "a b c", "a a", "b", "b a"]
    assert exact_match(translations, references, {"tokenize": "none"}) == 2 / 5
    assert exact_match(translations, references, {"lowercase": True}) == 3 / 5
    assert exact_match(references, references, {}) == 1.0
    # For sacreBLEU too, any white space separates words. Subwords write a space for it.
    assert exact_match(["10 km weit"], ["10\u00a0km\u3000weit"], {}) == 1.0
    assert corpus_bleu(["10 km weit ja"], ["10\u00a0km\u3000weit ja"], {"tokenize": "none"}) == pytest.approx(100)


@pytest.mark.parametrize("search", [Greedy(), Beam(size=3, length_penalty=0.6, n_best=2)], ids=["greedy", "beam"])
def test_translations_come_in_the_order_of_the_set_and_do_not_depend_on_the_batch(search: Search) -> None:
    made = model().eval()
    found = translate_all(made, task(), batches(), search)
    for pair, text in zip(task().test, found, strict=True):
        ids = [*task().source.encode(pair.source), EOS]
        ((best, *_),) = search(made, torch.tensor([ids]), torch.tensor([len(ids)]))
        assert text == task().target.decode(best.ids)
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
