"""How often the report's tests find what is not there, and what is: level_and_power.py [ROUNDS]."""

import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attnbench.report.statistics import Contest, compare, holm, ranks
from attnbench.report.statistics.margin import Margin

LEVEL = 0.05
ROUNDS = 150
GAPS = (2.0, 4.0, 8.0)  # BLEU
SENTENCES, BETWEEN_TEST_SETS, CORRELATION = 200, 1.0, 0.8  # SD of BLEU over test sets; between two mechanisms
HEAD = """\
| mechanisms | seeds | SD between seeds | false: own variances | false: baseline | false: ranks \
| found: own variances | found: baseline | found: ranks |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |"""
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Found:
    """What the tests say of one simulated condition with `k` mechanisms; (k - 1,) for all but the first."""

    own_variances: Array  # significantly different from the first one, if each pair has its own variance
    baseline: Array  # the same by the report
    ranks: Array  # may not have all ranks
    best: Array  # may not be the best


def simulate(chance: np.random.Generator, deviations: Array, seeds: int, gap: float = 0.0) -> Contest:
    """Equal mechanisms, but for the last, which is lower by `gap`. The test sentences shift all of them, nearly
    alike.
    """
    count = len(deviations)
    covariance = BETWEEN_TEST_SETS**2 * (CORRELATION + (1 - CORRELATION) * np.eye(count))
    means = 40 + chance.multivariate_normal(np.zeros(count), covariance)
    means[-1] -= gap
    values = means[:, None] + deviations[:, None] * chance.normal(size=(count, seeds))
    prints = np.arange(count)[:, None] * np.ones(SENTENCES)
    return Contest(tuple(map(str, range(count))), tuple(values), covariance, prints)


def judge(contest: Contest) -> Found:
    """Runs the tests of the report, which does not test mechanisms with one seed."""
    count, seeds = len(contest.names), len(contest.values[0])
    if seeds == 1:
        nothing = np.zeros(count - 1)
        return Found(own_variances(contest), nothing, nothing, nothing)
    adjusted = holm([one.p for one in compare(contest, "0").values()])
    found = ranks(contest)
    others = [found[name] for name in contest.names[1:]]
    restricted = np.array([rank.low > 1 or rank.high < count for rank in others])
    return Found(
        own_variances(contest), np.less(adjusted, LEVEL), restricted, np.array([rank.low > 1 for rank in others])
    )


def own_variances(contest: Contest) -> Array:
    """Each mechanism against the first, paired by seed, with the variance of their differences alone."""
    values = np.array(contest.values)
    differences, seeds = values[1:] - values[0], values.shape[1]
    sources = [np.full(len(differences), 2 * BETWEEN_TEST_SETS**2 * (1 - CORRELATION))]
    degrees = [SENTENCES - 1.0]
    if seeds > 1:
        sources.append(differences.var(1, ddof=1) / seeds)
        degrees.append(seeds - 1.0)
    noise = Margin(np.stack(sources, -1), np.tile(degrees, (len(differences), 1)))
    return np.less(holm(noise.p_values(differences.mean(1)).tolist()), LEVEL)


def row(deviations: Array, seeds: int, rounds: int) -> list[str]:
    """The shares, in %, of conditions in which equal mechanisms are told apart, and in which a gap is found."""
    chance = np.random.default_rng(seeds)
    equal = [judge(simulate(chance, deviations, seeds)) for _ in range(rounds)]
    unequal = [[judge(simulate(chance, deviations, seeds, gap)) for _ in range(rounds)] for gap in GAPS]

    def percent(said: Any) -> str:
        return f"{100 * np.mean(said):.0f}"

    false = [np.array([getattr(each, kind) for each in equal]) for kind in ("own_variances", "baseline", "ranks")]
    true = [
        [np.array([getattr(each, kind) for each in found]) for found in unequal]
        for kind in ("own_variances", "baseline", "best")
    ]
    return [
        *(percent(said.any(1)) for said in false),
        *(" / ".join(percent(said[:, -1]) for said in of_gaps) for of_gaps in true),
    ]


def main(rounds: int) -> None:
    """Prints a table in Markdown."""
    print(HEAD)
    for count in (14, 5):
        one = np.r_[np.ones(count - 1), 4.0][::-1]
        noises = {"0.4": np.full(count, 0.4), "1": np.ones(count), "2": np.full(count, 2.0)}
        noises |= {"0.5 to 2": np.geomspace(0.5, 2, count), "4, others 1": one}
        for seeds in (1, 2, 3, 5):
            for name, deviations in noises.items():
                print("|", " | ".join([str(count), str(seeds), name, *row(deviations, seeds, rounds)]), "|", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
