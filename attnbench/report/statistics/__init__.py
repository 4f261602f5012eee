"""Estimates with intervals, comparisons, effects of factors, growth of cost: pure functions of numbers."""

from attnbench.cost.exponent import Exponent, exponent
from attnbench.report.statistics.bleu import corpus_bleu
from attnbench.report.statistics.bootstrap import LengthBin, estimate_ratio, length_bins
from attnbench.report.statistics.comparison import Comparison, compare, holm, pairs
from attnbench.report.statistics.crossing import Crossing, crossing
from attnbench.report.statistics.effects import Effects, MarginalMean, Term, effects
from attnbench.report.statistics.estimate import Estimate, over_seeds
from attnbench.report.statistics.grid import GridCell
from attnbench.report.statistics.growth import Growth, HeldOut, fit, held_out
from attnbench.report.statistics.scores import Scores, estimate_bleu

__all__ = [
    "Comparison",
    "Crossing",
    "Effects",
    "Estimate",
    "Exponent",
    "GridCell",
    "Growth",
    "HeldOut",
    "LengthBin",
    "MarginalMean",
    "Scores",
    "Term",
    "compare",
    "corpus_bleu",
    "crossing",
    "effects",
    "estimate_bleu",
    "estimate_ratio",
    "exponent",
    "fit",
    "held_out",
    "holm",
    "length_bins",
    "over_seeds",
    "pairs",
]
