"""Estimates with intervals, comparisons, effects of factors, growth of cost: pure functions of numbers."""

from attnbench.cost.exponent import Exponent, exponent
from attnbench.report.statistics.bleu import corpus_bleu
from attnbench.report.statistics.bootstrap import LengthBin, length_bins
from attnbench.report.statistics.comparison import Comparison, compare, holm
from attnbench.report.statistics.contest import Contest, contest
from attnbench.report.statistics.crossing import Crossing, crossing
from attnbench.report.statistics.effects import Effects, MarginalMean, Term, effects
from attnbench.report.statistics.estimate import Estimate, over_seeds
from attnbench.report.statistics.expected_best import ExpectedBest, expected_best
from attnbench.report.statistics.grid import GridCell
from attnbench.report.statistics.growth import Growth, HeldOut, fit, held_out
from attnbench.report.statistics.pairs import Pair, pairs
from attnbench.report.statistics.ranking import may_be_best, ranks
from attnbench.report.statistics.scores import Scores, estimate

__all__ = [
    "Comparison",
    "Contest",
    "Crossing",
    "Effects",
    "Estimate",
    "ExpectedBest",
    "Exponent",
    "GridCell",
    "Growth",
    "HeldOut",
    "LengthBin",
    "MarginalMean",
    "Pair",
    "Scores",
    "Term",
    "compare",
    "contest",
    "corpus_bleu",
    "crossing",
    "effects",
    "estimate",
    "expected_best",
    "exponent",
    "fit",
    "held_out",
    "holm",
    "length_bins",
    "may_be_best",
    "over_seeds",
    "pairs",
    "ranks",
]
