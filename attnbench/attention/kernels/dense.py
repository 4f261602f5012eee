"""The textbook kernel: it holds the whole T × S matrix, so it can do everything."""

from collections.abc import Callable

from torch import Tensor

from attnbench.attention.kernels.kernel import Attended, Inputs, Problem


class Dense:
    """Scores, then weights, then their product with the values, each in full: O(T · S) memory."""

    name = "dense"

    def refusal(self, problem: Problem) -> str | None:
        return None

    def __call__(self, problem: Problem, inputs: Inputs) -> Attended:
        return attend(problem, problem.score.compare, inputs)


def attend(problem: Problem, compare: Callable[[Tensor, Tensor], Tensor], inputs: Inputs) -> Attended:
    """Solves the problem in one go, with a `compare` that stands in for the score's."""
    query, key, value, view = inputs
    scores = compare(query, key)
    gain = view.gain(value.device)
    mask = view.mask(query.shape[-2], query.device)
    weights, draw = problem.selection(scores, mask, None if gain is None else gain.to(scores.dtype))
    return Attended(weights @ value, weights if problem.want_weights else None, draw)
