"""Sentence statistics of simulated translations, with a given noise."""

import numpy as np

from attnbench.report.statistics.bleu import Array

LONGEST = 24


class TestSet:
    """Reference sentences, some of them harder than others."""

    __test__ = False  # not a class of tests

    def __init__(self, chance: np.random.Generator, sentences: int) -> None:
        self.chance = chance
        self.lengths = chance.integers(5, LONGEST - 4, sentences)
        self.difficulty = chance.normal(size=sentences)

    def translated(self, seeds: int, level: float = 1.5, training: float = 0.0) -> Array:
        """Statistics of `seeds` trained models, (seeds, sentences, 10).

        Each token is right with the logit `level` + that of its sentence + the luck of the model, of standard deviation
        `training`, + the model's luck with this sentence.
        """
        size = (seeds, len(self.lengths))
        luck = training * self.chance.normal(size=(seeds, 1)) + 0.5 * self.chance.normal(size=size)
        hypothesis = self.lengths + self.chance.integers(-1, 2, size)
        places = np.arange(LONGEST) < np.minimum(hypothesis, self.lengths)[..., None]
        right = self.chance.random((*size, LONGEST)) < 1 / (1 + np.exp(-level - self.difficulty - luck))[..., None]
        runs, correct = right & places, []
        while len(correct) < 4:
            correct.append(runs.sum(-1))
            runs = runs[..., :-1] & runs[..., 1:]
        total = [np.maximum(hypothesis - order, 0) for order in range(4)]
        return np.stack([hypothesis, np.broadcast_to(self.lengths, size), *correct, *total], axis=-1).astype(float)
