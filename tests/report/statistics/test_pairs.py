"""Pairs of mechanisms: what their probabilities mean, by simulation."""

import numpy as np
import pytest

from attnbench.report.statistics import pairs
from attnbench.report.statistics.pairs import POWER
from tests.report.statistics.contests import simulated

ROUNDS = 300


def test_each_pair_is_there_once_with_the_better_one_ahead() -> None:
    contest = simulated(np.random.default_rng(1), [30.0, 60.0, 45.0], 0.5, seeds=3)
    found = pairs(contest, ["0", "1", "2"])
    assert [(pair.ahead, pair.behind) for pair in found] == [("1", "0"), ("2", "0"), ("1", "2")]
    assert all(pair.difference.low > 0 for pair in found)
    assert [(pair.ahead, pair.behind) for pair in pairs(contest, ["2", "0"])] == [("2", "0")]


def test_the_probability_is_that_of_single_trainings() -> None:
    """Two more trainings, on one new test set: how often the one that is ahead has the higher score."""
    chance = np.random.default_rng(2)
    many = simulated(chance, [50.0, 51.0], 1.0, seeds=400)
    (pair,) = pairs(many, ["0", "1"])
    gap = pair.difference.value  # with so many seeds, the noise that is left is that of the sentences
    noise = chance.normal(size=(20_000, 2)).sum(1) + chance.normal(size=20_000) * np.sqrt(2 * 0.2)
    assert pair.superiority == pytest.approx(np.mean(gap + noise > 0), abs=0.02)


@pytest.mark.parametrize("deviation", [0.5, 2.0])
def test_a_detectable_difference_is_found_as_often_as_it_says(deviation: float) -> None:
    chance = np.random.default_rng(3)

    def once(gap: float) -> tuple[float, bool]:
        (pair,) = pairs(simulated(chance, [50.0, 50.0 + gap], deviation, seeds=5), ["0", "1"])
        return pair.detectable, pair.ahead == "1" and pair.p < 0.05

    gap = float(np.median([once(0.0)[0] for _ in range(50)]))
    assert np.mean([once(gap)[1] for _ in range(ROUNDS)]) > POWER - 0.08


def test_more_seeds_decide_if_the_noise_is_theirs() -> None:
    chance = np.random.default_rng(4)
    (noisy,) = pairs(simulated(chance, [50.0, 50.0], 2.0, seeds=3, sentences=0.0), ["0", "1"])
    (bound,) = pairs(simulated(chance, [50.0, 50.01], 0.01, seeds=3, sentences=3.0), ["0", "1"])
    assert noisy.seeds is not None
    assert noisy.seeds > 3
    assert bound.seeds is None or bound.difference.value > bound.detectable
