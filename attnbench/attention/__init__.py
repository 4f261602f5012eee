"""The attention layer: score × scope × selection, computed by a kernel.

This package contains no training code, reads no files and uses no config.
"""

from attnbench.attention.key_value import KeyValue, Projected, Split, Tied
from attnbench.attention.layer import Attention, Memory
from attnbench.attention.scopes import Global, LocalM, LocalP, Scope, View
from attnbench.attention.scores import (
    Additive,
    Average,
    Concat,
    Cosine,
    Dot,
    Gaussian,
    General,
    Location,
    Perceptron,
    ScaledDot,
    Score,
)
from attnbench.attention.selections import Draw, Gumbel, Hard, Reinforce, Selection, Soft, StraightThrough

__all__ = [
    "Additive",
    "Attention",
    "Average",
    "Concat",
    "Cosine",
    "Dot",
    "Draw",
    "Gaussian",
    "General",
    "Global",
    "Gumbel",
    "Hard",
    "KeyValue",
    "LocalM",
    "LocalP",
    "Location",
    "Memory",
    "Perceptron",
    "Projected",
    "Reinforce",
    "ScaledDot",
    "Scope",
    "Score",
    "Selection",
    "Soft",
    "Split",
    "StraightThrough",
    "Tied",
    "View",
]
