"""Made-up statistics of a study, in the form that the figures take."""

from itertools import pairwise
from statistics import mean

from attnbench.report.competition import BleuBin
from attnbench.report.statistics import Estimate
from attnbench.report.study.frames import by_condition, numbers
from attnbench.report.study.study import Study


def bleu(study: Study) -> dict[str, dict[str, Estimate]]:
    """By condition and mechanism, the mean BLEU ± 2."""
    found: dict[str, dict[str, Estimate]] = {}
    for mechanism, mine in study.by_mechanism(study.jobs):
        for condition, here in by_condition(mine):
            value = mean(numbers(here, "bleu"))
            found.setdefault(condition, {})[mechanism] = Estimate(value, value - 2, value + 2, 1)
    return found


def bins(study: Study, edges: tuple[int, ...] = (4, 8, 12, 16, 24, 32)) -> dict[str, dict[str, list[BleuBin]]]:
    """By condition and mechanism, bins between the edges, each 5 BLEU below the one before."""

    def falling(estimate: Estimate) -> list[BleuBin]:
        found = []
        for place, (low, high) in enumerate(pairwise(edges)):
            value = estimate.value - 5 * place
            found.append(BleuBin(low + 1, high, Estimate(value, value - 3, value + 3, 1)))
        return found

    return {condition: {name: falling(one) for name, one in mine.items()} for condition, mine in bleu(study).items()}
