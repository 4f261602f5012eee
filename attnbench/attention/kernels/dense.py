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
        query, key, value, view = inputs
        gain = view.gain(value.device)
        scores = problem.score.compare(query, key)
        mask = view.mask(query.shape[-2], query.device)
        weights, draw = problem.selection(scores, mask, None if gain is None else gain.to(scores.dtype))
        return Attended(weights @ value, weights if problem.want_weights else None, draw)
