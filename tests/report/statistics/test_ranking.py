"""Ranks: no difference where there is none, a gap where there is one, by hand and in simulations."""

import numpy as np
import pytest
from scipy import stats

from attnbench.report.statistics import Contest, compare, holm, may_be_best, ranks
from tests.marks import slow
from tests.report.statistics.contests import simulated

ROUNDS = 150


def _bounds(contest: Contest) -> dict[str, tuple[float, float]]:
    return {name: (rank.low, rank.high) for name, rank in ranks(contest).items()}


def _no_sentences(values: list[list[float]]) -> Contest:
    count = len(values)
    return Contest(
        tuple("abcdef"[:count]), tuple(map(np.array, values)), np.zeros((count, count)), np.zeros((count, 9))
    )


def test_ranks_agree_with_tukeys_test() -> None:
    values = [[30.0, 31.0, 32.0], [31.0, 33.0, 32.0], [36.0, 37.0, 35.0], [41.0, 40.0, 42.0]]
    theirs = stats.tukey_hsd(*values).pvalue < 0.05
    assert theirs.sum() == 10  # all pairs but the first two
    assert _bounds(_no_sentences(values)) == {"d": (1, 1), "c": (2, 2), "b": (3, 4), "a": (3, 4)}


def test_places_follow_the_means_and_the_lowest_may_be_best() -> None:
    contest = _no_sentences([[30.0, 31.0], [50.0, 51.0], [30.2, 31.2]])
    assert [(name, rank.value, rank.seeds) for name, rank in ranks(contest).items()] == [
        ("b", 1, 2), ("c", 2, 2), ("a", 3, 2),
    ]  # fmt: skip
    assert may_be_best(ranks(contest)) == ["b"]
    assert may_be_best(ranks(contest, lowest=True)) == ["a", "c"]


@pytest.mark.parametrize(
    ("count", "seeds", "deviation"), [slow(14, 3, 1.0), slow(14, 2, 0.4), (5, 3, 2.0), slow(2, 3, 1.0)]
)
def test_equal_mechanisms_have_all_ranks(count: int, seeds: int, deviation: float) -> None:
    chance, false = np.random.default_rng(count + seeds), 0
    for _ in range(ROUNDS):
        bounds = _bounds(simulated(chance, np.full(count, 40.0), deviation, seeds))
        false += set(bounds.values()) != {(1, count)}
    assert false / ROUNDS <= 0.085  # .05, and two standard errors


def test_a_gap_is_found_among_fourteen_with_three_seeds() -> None:
    chance, by_baseline, by_rank = np.random.default_rng(0), 0, 0
    means = np.r_[np.full(13, 40.0), 32.0]
    for _ in range(ROUNDS):
        contest = simulated(chance, means, 2.0, 3)
        compared = compare(contest, "0")
        by_baseline += dict(zip(compared, holm([one.p for one in compared.values()]), strict=True))["13"] < 0.05
        by_rank += "13" not in may_be_best(ranks(contest))
    assert by_baseline / ROUNDS > 0.8
    assert by_rank / ROUNDS > 0.9


def test_the_true_ranks_are_within_their_intervals() -> None:
    chance, held = np.random.default_rng(0), 0
    means = 40 - 1.5 * np.arange(6)
    for _ in range(ROUNDS):
        bounds = _bounds(simulated(chance, means, 1.0, 3))
        held += all(bounds[str(place)][0] <= place + 1 <= bounds[str(place)][1] for place in range(6))
    assert held / ROUNDS >= 0.915
