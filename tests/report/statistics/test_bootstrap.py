"""The coverage of BLEU intervals, on simulated translations."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics.bleu import BLEU

from attnbench.quality.evaluation import bleu_statistics
from attnbench.quality.sample_size import FEWEST_SENTENCES
from attnbench.report.statistics import (
    Estimate,
    Scores,
    corpus_bleu,
    estimate,
    length_bins,
)
from attnbench.report.statistics.bleu import Array
from attnbench.report.statistics.bootstrap import RESAMPLES, resample
from tests.marks import slow
from tests.report.statistics.translations import TestSet

ROUNDS, SENTENCES = 300, 100


def _truth(training: float) -> float:
    """The mean BLEU over models and sentences without number."""
    return float(corpus_bleu(TestSet(np.random.default_rng(0), 4000).translated(300, training=training).sum(1)).mean())


def _estimate(statistics: Array) -> Estimate:
    return estimate(Scores(tuple(range(len(statistics))), statistics))


def _naive(statistics: Array, chance: np.random.Generator) -> tuple[float, float]:
    """The percentiles of a bootstrap that draws seeds, and sentences, as they are."""
    scores = corpus_bleu(resample(statistics))
    drawn = chance.integers(len(statistics), size=scores.shape)
    low, high = np.quantile(np.take_along_axis(scores, drawn, axis=1).mean(1), [0.025, 0.975])
    return float(low), float(high)


@pytest.mark.parametrize(
    ("seeds", "training"), [slow(1, 0.0), slow(2, 0.05), (2, 0.3), slow(3, 0.3), slow(5, 0.3), slow(10, 0.1)]
)
def test_interval_covers(seeds: int, training: float) -> None:
    chance, truth = np.random.default_rng(seeds), _truth(training)
    found = [_estimate(TestSet(chance, SENTENCES).translated(seeds, training=training)) for _ in range(ROUNDS)]
    covered = np.mean([each.low <= truth <= each.high for each in found])
    assert 0.92 <= covered <= 0.995
    assert {each.seeds for each in found} == {seeds}


def test_naive_bootstrap_of_two_seeds_would_not_cover() -> None:
    chance, truth = np.random.default_rng(2), _truth(0.3)
    found = [_naive(TestSet(chance, SENTENCES).translated(2, training=0.3), chance) for _ in range(ROUNDS)]
    assert np.mean([low <= truth <= high for low, high in found]) < 0.9


def test_one_seed_beside_sacrebleus_bootstrap() -> None:
    chance = np.random.default_rng(1)
    references = [" ".join(chance.choice(list("abcdefgh"), 12)) for _ in range(150)]
    hypotheses = [text.replace("a", "b", int(chance.integers(0, 3))) for text in references]
    theirs = BLEU(tokenize="none", force=True).corpus_score(hypotheses, [references], n_bootstrap=RESAMPLES)
    ours = _estimate(np.array([bleu_statistics(hypotheses, references, {"tokenize": "none"})]))
    assert ours.value == pytest.approx(theirs.score)
    assert (ours.high - ours.low) / 2 == pytest.approx(theirs._ci, rel=0.1)


def test_resamples_are_paired_and_draw_as_many_sentences() -> None:
    counts = np.random.default_rng(0).integers(0, 9, (2, 30, 3)).astype(float)
    counts[:, :, 0] = 1
    found = resample(counts)
    assert found.shape == (RESAMPLES, 2, 3)
    assert np.all(found[..., 0] == 30)
    assert np.array_equal(found, resample(counts))
    assert np.array_equal(resample(counts[1:])[:, 0], found[:, 1])
    assert found[..., 1].mean() == pytest.approx(counts[..., 1].sum(1).mean(), rel=0.02)


def test_perfect_translations_stay_within_the_scale() -> None:
    statistics = TestSet(np.random.default_rng(0), 50).translated(3, level=6)
    assert _estimate(statistics).high <= 100


def test_a_ratio_of_counts() -> None:
    # Of 200 draws 40 are right: by the normal approximation .2 ± 1.96 · sqrt(.2 · .8 / 200) = ± .0554.
    counts = np.stack([np.arange(200) < 40, np.ones(200)], axis=-1)[None].astype(float)
    found = estimate(Scores((1,), counts, score=lambda sums: sums[..., 0] / sums[..., 1], most=1.0))
    assert found.value == pytest.approx(0.2)
    assert found.high - found.value == pytest.approx(0.0554, rel=0.08)


@given(st.lists(st.integers(1, 40), min_size=1, max_size=60), st.integers(1, 6))
def test_length_bins_part_the_test_set(lengths: list[int], count: int) -> None:
    bins = length_bins(lengths, count)
    assert 1 <= len(bins) <= count
    assert sorted(row for each in bins for row in each.rows) == list(range(len(lengths)))
    for each in bins:
        assert (each.low, each.high) == (min(lengths[row] for row in each.rows), max(lengths[row] for row in each.rows))
    assert all(one.high < other.low for one, other in pairwise(bins))


def test_length_bins_hold_equally_many_sentences() -> None:
    bins = length_bins(list(np.random.default_rng(0).permutation(100)), 4)
    assert [(each.low, each.high) for each in bins] == [(0, 24), (25, 49), (50, 74), (75, 99)]


NOTHING, ALL = [5, 5, 0, 0, 0, 0, 5, 4, 3, 2], [5, 5, 5, 4, 3, 2, 5, 4, 3, 2]  # statistics of a sentence


@pytest.mark.parametrize(("sentence", "low", "high"), [(NOTHING, 0, 2.95), (ALL, 97.05, 100)])
def test_sentences_that_are_all_equal_are_not_certain(sentence: list[int], low: float, high: float) -> None:
    # None of 100 sentences is different: at most 3 % of all sentences are, by the rule of three.
    found = _estimate(np.tile(np.array(sentence, float), (1, 100, 1)))
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.01)


@pytest.mark.parametrize(("share", "least"), [slow(0.001, 0.95), (0.006, 0.95), slow(0.01, 0.87), slow(0.05, 0.9)])
def test_interval_of_a_rare_mistake_covers(share: float, least: float) -> None:
    chance, score = np.random.default_rng(0), lambda sums: sums[..., 0] / sums[..., 1]
    found = []
    for _ in range(400):
        right = (chance.random((1, 500)) > share).astype(float)
        found.append(estimate(Scores((1,), np.stack([right, np.ones_like(right)], -1), score=score, most=1.0)))
    assert np.mean([each.low <= 1 - share <= each.high for each in found]) >= least


@pytest.mark.parametrize("level", [slow(-1.5), 0.0, slow(1.5), slow(6.0)])
def test_interval_of_a_small_test_set_covers(level: float) -> None:
    sentences, chance = FEWEST_SENTENCES, np.random.default_rng(0)
    truth = float(corpus_bleu(TestSet(np.random.default_rng(0), 4000).translated(50, level=level).sum(1)).mean())
    found = [_estimate(TestSet(chance, sentences).translated(1, level=level)) for _ in range(ROUNDS)]
    assert np.mean([each.low <= truth <= each.high for each in found]) >= 0.93


def test_too_few_sentences_and_seeds_that_agree_have_no_interval() -> None:
    statistics = TestSet(np.random.default_rng(0), FEWEST_SENTENCES).translated(3, training=0.3)
    assert _estimate(statistics).known
    assert not _estimate(statistics[:, 1:]).known
    assert not _estimate(statistics[:1, :1]).known
    assert not _estimate(statistics[[0, 0, 0]]).known  # the noise of training is not known


def test_a_resample_without_a_score_gives_no_interval() -> None:
    counts = np.zeros((1, 50, 2))
    counts[0, 0] = 1
    with np.errstate(invalid="ignore"):
        assert not estimate(Scores((1,), counts, score=lambda sums: sums[..., 0] / sums[..., 1], most=1.0)).known
