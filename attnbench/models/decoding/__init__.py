"""Decoding: from a model to hypotheses, where each token is the model's own choice."""

from attnbench.models.decoding.beam import Beam as Beam
from attnbench.models.decoding.greedy import Greedy as Greedy
from attnbench.models.decoding.search import Hypothesis as Hypothesis
from attnbench.models.decoding.search import Search as Search
