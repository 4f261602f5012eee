"""Comparisons: against sacreBLEU's own tests, and how often they find a difference that does not exist."""

from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.significance import PairedTest, Result

from attnbench.quality.evaluation import bleu_statistics
from attnbench.report.statistics import Comparison, Scores, compare, corpus_bleu, holm
from attnbench.report.statistics.bleu import Array
from attnbench.report.statistics.bootstrap import resample
from tests.report.statistics.translations import TestSet

ROUNDS, SENTENCES = 300, 100
P_VALUES = ("p", "bootstrap_p", "randomisation_p")


def _scores(statistics: Array, *seeds: int) -> Scores:
    return Scores(seeds or tuple(range(len(statistics))), statistics)


def _compared(one: Array, other: Array) -> Comparison:
    found = compare(_scores(one), _scores(other))
    assert found
    return found


@cache
def _false_findings(seeds: int, training: float, level: float = 1.5) -> dict[str, float]:
    """How often two equal mechanisms are found different at .05."""
    chance, found = np.random.default_rng(seeds), []
    for _ in range(ROUNDS):
        test_set = TestSet(chance, SENTENCES)
        found.append(_compared(*(test_set.translated(seeds, level, training) for _ in range(2))))
    return {name: float(np.mean([getattr(each, name) < 0.05 for each in found])) for name in P_VALUES}


@pytest.mark.parametrize("level", [1.5, 4.0])
def test_one_seed_without_noise_of_training_is_nominal(level: float) -> None:
    assert all(0.02 <= share <= 0.08 for share in _false_findings(1, 0.0, level).values())


@pytest.mark.parametrize(("seeds", "training"), [(2, 0.3), (3, 0.1), (3, 0.3), (5, 0.3)])
def test_several_seeds_allow_for_the_noise_of_training(seeds: int, training: float) -> None:
    assert _false_findings(seeds, training)["p"] <= 0.075


def test_what_sentences_alone_say_does_not() -> None:
    found = _false_findings(3, 0.3)
    assert found["bootstrap_p"] > 0.2
    assert found["randomisation_p"] > 0.2
    assert _false_findings(1, 0.3)["p"] > 0.2


def test_one_tail_would_find_too_much() -> None:
    chance, found = np.random.default_rng(0), []
    for _ in range(ROUNDS):
        test_set = TestSet(chance, SENTENCES)
        one, other = (test_set.translated(1) for _ in range(2))
        apart = np.abs(corpus_bleu(resample(one)) - corpus_bleu(resample(other)))
        found.append(np.mean(apart - apart.mean() > abs(corpus_bleu(one.sum(1)) - corpus_bleu(other.sum(1)))) < 0.05)
    assert np.mean(found) > 0.08


def test_true_differences_are_found() -> None:
    test_set = TestSet(np.random.default_rng(0), 200)
    one, other = test_set.translated(5, 2.0, 0.05), test_set.translated(5, 1.0, 0.05)
    found = _compared(one, other)
    assert found.difference.value == pytest.approx((corpus_bleu(one.sum(1)) - corpus_bleu(other.sum(1))).mean())
    assert found.difference.low > 0
    assert found.p < 0.001
    assert found.bootstrap_p == found.randomisation_p == pytest.approx(1 / 1001)
    assert found.standardised
    assert found.standardised > 3


def test_agrees_with_sacrebleus_tests() -> None:
    chance = np.random.default_rng(3)
    references = [" ".join(chance.choice(list("abcdefgh"), 12)) for _ in range(150)]
    one, other = (
        [" ".join("x" if chance.random() < wrong else word for word in text.split()) for text in references]
        for wrong in (0.10, 0.132)
    )
    mine, theirs = (np.array(bleu_statistics(texts, references, {"tokenize": "none"})) for texts in (one, other))
    found = compare(_scores(mine[None]), _scores(theirs[None]))
    assert found
    expected = {kind: _sacrebleus_p(kind, one, other, references) for kind in ("ar", "bs")}
    assert 0.01 < expected["ar"] < 0.15  # else the comparison below says little
    assert found.randomisation_p == pytest.approx(expected["ar"], abs=0.03)
    assert found.bootstrap_p / 2 == pytest.approx(expected["bs"], abs=0.02)
    assert found.p == pytest.approx(expected["ar"], abs=0.03)


def _sacrebleus_p(kind: str, one: Sequence[str], other: Sequence[str], references: list[str]) -> float:
    metrics = {"bleu": BLEU(tokenize="none", force=True, references=[references])}
    systems = [("baseline", other), ("system", one)]
    _, results = PairedTest(systems, metrics, None, test_type=kind, n_samples=2000)()
    system = results["BLEU"][1]
    assert isinstance(system, Result)
    assert system.p_value is not None
    return system.p_value


@pytest.mark.parametrize("level", [1.5, 30.0])
@pytest.mark.parametrize("seeds", [1, 3])
def test_a_mechanism_does_not_differ_from_itself(seeds: int, level: float) -> None:
    statistics = TestSet(np.random.default_rng(0), 50).translated(seeds, level)
    found = _compared(statistics, statistics)
    assert found.difference.value == found.difference.low == found.difference.high == 0
    assert [getattr(found, name) for name in P_VALUES] == [1, 1, 1]


def test_two_sentences_are_no_finding() -> None:
    test_set = TestSet(np.random.default_rng(0), 500)
    perfect = test_set.translated(1, 30.0)
    perfect[:, :, 0] = perfect[:, :, 1]
    worse = perfect.copy()
    worse[:, :2, 2:6] = 0
    found = _compared(perfect, worse)
    assert found.difference.value > 0
    assert found.p > 0.2
    assert found.randomisation_p > 0.2


def test_swapping_mirrors() -> None:
    test_set = TestSet(np.random.default_rng(0), 80)
    one, other = test_set.translated(3, 1.5, 0.1), test_set.translated(3, 1.3, 0.1)
    there, back = _compared(one, other), _compared(other, one)
    assert there.difference.value == -back.difference.value
    assert there.difference.low == pytest.approx(-back.difference.high)
    assert [getattr(there, name) for name in P_VALUES] == pytest.approx([getattr(back, name) for name in P_VALUES])


def test_seeds_are_paired() -> None:
    statistics = TestSet(np.random.default_rng(0), 40).translated(4)
    ours, theirs = _scores(statistics[:3], 1, 2, 5), _scores(statistics, 5, 1, 7, 8)
    found = compare(ours, theirs)
    assert found
    assert found.difference.seeds == 2
    assert found.unpaired == (2, 7, 8)
    bleu = corpus_bleu(statistics.sum(1))
    expected = [bleu[0] - bleu[1], bleu[2] - bleu[0]]  # of seeds 1 and 5
    assert found.difference.value == pytest.approx(np.mean(expected))
    assert found.standardised is None
    assert compare(_scores(statistics[:1], 1), _scores(statistics[:1], 2)) is None


def test_holm_by_hand() -> None:
    # .01 · 4, .02 · 3, then .03 · 2 and .04 · 1, which may not fall below what is before them.
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_holm_by_definition(p_values: list[float]) -> None:
    # Rejected at once are those whose p, times the number of p-values not below it, stays under the level; in order.
    cost = {p: min(1.0, p * sum(other >= p for other in p_values)) for p in p_values}
    assert holm(p_values) == pytest.approx([max(cost[other] for other in p_values if other <= p) for p in p_values])
