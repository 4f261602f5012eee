"""Comparisons with a baseline: by hand, and how often they find a difference that does not exist."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from attnbench.report.statistics import Comparison, Contest, Scores, compare, contest, corpus_bleu, holm
from attnbench.report.statistics.bleu import Array
from tests.marks import slow
from tests.report.statistics.contests import simulated
from tests.report.statistics.translations import TestSet

ROUNDS, SENTENCES = 200, 100


def _contest(*statistics: Array) -> Contest:
    scores = {str(i): Scores(tuple(range(len(each))), each) for i, each in enumerate(statistics)}
    found = contest(scores)
    assert found
    return found


def _compared(one: Array, other: Array) -> Comparison:
    return compare(_contest(one, other), "1")["0"]


@cache
def _false_findings(seeds: int, training: float) -> float:
    """How often two equal mechanisms are found different at .05."""
    chance, found = np.random.default_rng(seeds), []
    for _ in range(ROUNDS):
        test_set = TestSet(chance, SENTENCES)
        found.append(_compared(*(test_set.translated(seeds, 1.5, training) for _ in range(2))).p < 0.05)
    return float(np.mean(found))


@pytest.mark.parametrize(("seeds", "training"), [slow(2, 0.3), (3, 0.1), slow(5, 0.3)])
def test_translations_of_equal_mechanisms_seldom_differ(seeds: int, training: float) -> None:
    assert _false_findings(seeds, training) <= 0.08


@pytest.mark.parametrize(("seeds", "deviation"), [slow(2, 1.0), (3, 0.4), slow(3, 2.0)])
def test_a_table_of_equal_mechanisms_seldom_has_a_finding(seeds: int, deviation: float) -> None:
    chance, false = np.random.default_rng(seeds), 0
    for _ in range(ROUNDS):
        found = compare(simulated(chance, np.full(14, 40.0), deviation, seeds), "0")
        false += min(holm([one.p for one in found.values()])) < 0.05
    assert false / ROUNDS <= 0.08


def test_without_noise_of_sentences_it_is_students_test() -> None:
    values = [[30.0, 31.0, 33.0], [33.0, 34.0, 36.5]]
    alone = Contest(("a", "b"), tuple(map(np.array, values)), np.zeros((2, 2)), np.zeros((2, 9)))
    found, theirs = compare(alone, "a")["b"], stats.ttest_ind(values[1], values[0])
    assert found.p == pytest.approx(theirs[1], rel=0.02)  # a little off, if the scale is that of log-odds
    interval = theirs.confidence_interval()
    assert (found.difference.low, found.difference.high) == pytest.approx((interval.low, interval.high), rel=0.02)


def test_true_differences_are_found() -> None:
    test_set = TestSet(np.random.default_rng(0), 200)
    one, other = test_set.translated(5, 2.0, 0.05), test_set.translated(5, 1.0, 0.05)
    found = _compared(one, other)
    assert found.difference.value == pytest.approx((corpus_bleu(one.sum(1)) - corpus_bleu(other.sum(1))).mean())
    assert found.difference.low > 0
    assert found.p < 0.001


@pytest.mark.parametrize("level", [1.5, 30.0])
def test_a_mechanism_does_not_differ_from_itself(level: float) -> None:
    statistics = TestSet(np.random.default_rng(0), 50).translated(3, level)
    found = _compared(statistics, statistics)
    assert found.difference.value == 0
    assert found.p == 1


def test_two_sentences_are_no_finding() -> None:
    perfect = TestSet(np.random.default_rng(0), 500).translated(2, 30.0)
    perfect[:, :, 0] = perfect[:, :, 1]
    worse = perfect.copy()
    worse[:, :2, 2:6] = 0
    found = _compared(perfect, worse)
    assert found.difference.value > 0
    assert found.p > 0.2


def test_swapping_mirrors() -> None:
    test_set = TestSet(np.random.default_rng(0), 80)
    one, other = test_set.translated(3, 1.5, 0.1), test_set.translated(3, 1.3, 0.1)
    there, back = _compared(one, other), _compared(other, one)
    assert there.difference.value == pytest.approx(-back.difference.value)
    assert there.difference.low == pytest.approx(-back.difference.high)
    assert there.p == pytest.approx(back.p)


def test_the_sentences_of_a_contest_are_those_that_all_share() -> None:
    test_set = TestSet(np.random.default_rng(0), 300)
    found = _contest(*(test_set.translated(20, 1.5, 0.1) for _ in range(2)))
    both = np.sqrt(found.sentences[0, 0] * found.sentences[1, 1])
    assert found.sentences[0, 1] == pytest.approx(both, rel=0.15)  # equal mechanisms find the same sentences hard


def test_one_seed_and_other_sentences_are_in_no_contest() -> None:
    statistics = TestSet(np.random.default_rng(0), 40).translated(3)
    several, one = Scores((1, 2, 3), statistics, "here"), Scores((1,), statistics[:1], "here")
    elsewhere = Scores((1, 2, 3), statistics, "elsewhere")
    assert contest({"a": several, "b": one}) is None
    assert contest({"a": several, "b": elsewhere}) is None
    found = contest({"a": several, "b": one, "c": several, "d": elsewhere})
    assert found
    assert found.names == ("a", "c")
    assert compare(found, "b") == {}


def test_the_intervals_of_means_share_a_variance() -> None:
    found = simulated(np.random.default_rng(0), np.full(10, 40.0), 1.0, 2, sentences=0.0)
    reaches = [each.high - each.value for each in found.estimates().values()]
    assert max(reaches) < 2 * stats.t.ppf(0.975, 10) / 2**0.5  # with its own, each would have 1 degree of freedom
    assert min(reaches) > 0.5 * stats.t.ppf(0.975, 10) / 2**0.5


def test_holm_by_hand() -> None:
    # .01 · 4, .02 · 3, then .03 · 2 and .04 · 1, which may not fall below what is before them.
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_holm_by_definition(p_values: list[float]) -> None:
    # Rejected at once are those whose p, times the number of p-values not below it, stays under the level; in order.
    cost = {p: min(1.0, p * sum(other >= p for other in p_values)) for p in p_values}
    assert holm(p_values) == pytest.approx([max(cost[other] for other in p_values if other <= p) for p in p_values])


def test_a_small_test_set_and_seeds_that_agree_give_no_contest() -> None:
    chance = np.random.default_rng(0)
    statistics = [TestSet(chance, 20).translated(2, level, 0.3) for level in (0.0, 3.0)]

    def found(*each: Array) -> Contest | None:
        return contest({str(i): Scores((1, 2), one) for i, one in enumerate(each)})

    assert found(*statistics)
    assert found(*(one[:, :19] for one in statistics)) is None
    assert found(*(one[[0, 0]] for one in statistics)) is None  # 0 and 100 in all seeds: no noise is known
    assert found(statistics[0][[0, 0]], statistics[1])
