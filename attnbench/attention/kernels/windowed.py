"""The windowed kernel: queries that look at the same stretch of keys are computed together, and no other keys are."""

from attnbench.attention.kernels.energies import comparison
from attnbench.attention.kernels.groups import Groups
from attnbench.attention.kernels.kernel import Attended, Inputs, Problem
from attnbench.attention.kernels.tiled import by_rows
from attnbench.attention.kernels.tiles import attend_in_tiles

BUDGET = 2**19  # numbers held at once
SHORTEST, LONGEST = 16, 64  # strides: shorter ones make too many groups, longer ones fetch too many keys for nothing


class Windowed:
    """The local scopes, in O(T · D) time and memory for windows of ±D, whatever the score and the selection."""

    name = "windowed"

    def refusal(self, problem: Problem) -> str | None:
        if not problem.scope.local:
            return f"{type(problem.scope).__name__} has no window"
        if problem.want_weights:
            return "the weights are wanted, and it never holds them all"
        return None

    def __call__(self, problem: Problem, inputs: Inputs) -> Attended:
        query, key, value, view = inputs
        compare, held = comparison(problem.score, value.device)
        stride = 1 if query.shape[2] == 1 else min(max(view.window, SHORTEST), LONGEST)
        scores = query.shape[:3].numel() * view.size
        if scores <= BUDGET // held or view.size <= stride + 2 * view.window:  # one group could see all keys
            return by_rows(problem, compare, held, inputs)
        inputs = Inputs(query.contiguous(), key.contiguous(), value.contiguous(), view)
        return attend_in_tiles(problem, compare, inputs, Groups(inputs, stride, BUDGET // held))
