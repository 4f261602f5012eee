"""The textbook kernel: it holds the whole T × S matrix, so it can do everything."""

from typing import Self

from torch import Tensor

from attnbench.attention.kernels.kernel import Attended, Problem


class Dense:
    """Scores, then weights, then their product with the values, each in full: O(T · S) memory."""

    name = "dense"

    def refusal(self, problem: Problem) -> str | None:
        return None

    def choose(self, problem: Problem) -> Self:
        return self

    def __call__(
        self,
        problem: Problem,
        query_features: Tensor,
        key_features: Tensor,
        value: Tensor,
        mask: Tensor,
        gain: Tensor | None,
    ) -> Attended:
        scores = problem.score.compare(query_features, key_features)
        weights, draw = problem.selection(scores, mask, gain)
        return Attended(weights @ value, weights if problem.want_weights else None, draw)
