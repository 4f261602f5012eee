"""Sentences that sum up the results. Behind each one is a test or an interval, and it says no more than that allows."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from attnbench.report.analysis import Analysis
from attnbench.report.findings import cost, quality

Kind = Callable[[Analysis], Iterator[str]]
FIRST = 5  # sentences on the first screen, at most

# The kinds of findings by the section that they belong to, the more important section first.
SECTIONS: dict[str, tuple[Kind, ...]] = {
    "Quality": (
        *(quality.not_converged, quality.not_taken_off, quality.not_compared),
        *(quality.best, quality.second, quality.against_baseline),
    ),
    "Kernel regression": (quality.pooling,),
    "Growth with the length": (cost.efficiency_lengths, cost.growth, cost.prediction),
    "Cost of a training step": (cost.steps,),
    "Quality by sentence length": (quality.beyond,),
    "Tuning and convergence": (quality.last_tried,),
    "Factor effects": (quality.effects,),
    "Alignments": (quality.alignment,),
}
LATER = (quality.effects, quality.last_tried, quality.alignment, cost.prediction)  # these stand in their sections only


class Findings(NamedTuple):
    """The sentences of the first screen, and all others by section."""

    first: list[str]
    later: dict[str, list[str]]


def findings(analysis: Analysis) -> Findings:
    """All sentences. The first of the first sections are on the first screen."""
    first: list[str] = []
    later: dict[str, list[str]] = {}
    for section, kinds in SECTIONS.items():
        for kind in kinds:
            for sentence in kind(analysis):
                told = sentence[0].upper() + sentence[1:]
                if kind in LATER or len(first) == FIRST:
                    later.setdefault(section, []).append(told)
                else:
                    first.append(told)
    return Findings(first, later)
