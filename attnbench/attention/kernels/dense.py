"""The textbook kernel: it holds the whole T × S matrix, so it can do everything."""

from typing import Self

from attnbench.attention.kernels.kernel import Attended, Inputs, Problem


class Dense:
    """Scores, then weights, then their product with the values, each in full: O(T · S) memory."""

    name = "dense"

    def refusal(self, problem: Problem) -> str | None:
        return None

    def choose(self, problem: Problem) -> Self:
        return self

    def __call__(self, problem: Problem, inputs: Inputs) -> Attended:
        scores = problem.score.compare(inputs.query_features, inputs.key_features)
        weights, draw = problem.selection(scores, inputs.mask, inputs.gain)
        return Attended(weights @ inputs.value, weights if problem.want_weights else None, draw)
