"""vᵀ tanh(a + b) for every query a and key b, without the n² · D energies that the textbook stores.

On the CPU: tanh(a + b) = 1 - 2 r with r = 1 / (1 + e²ᵃ · e²ᵇ). The exponentials are taken once a query and once a key;
for each pair and feature there remain a multiplication, an addition and a division. The gradient has the same form,
sech²(a + b) = 4 r (1 - r). On a GPU the textbook's own expression is left to torch's compiler, which fuses it.
"""

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.utils._triton import has_triton

from attnbench.attention.kernels.kernel import KernelCost
from attnbench.attention.scores import Perceptron, Score, energies

Compare = Callable[[Tensor, Tensor], Tensor]  # features to scores


def comparison(score: Score, device: torch.device) -> tuple[Compare, int]:
    """The cheapest way to `score.compare` there, and how many numbers it holds for each score that it computes."""
    if isinstance(score, Perceptron) and device.type == "cpu":
        return lambda query, key: _scores(query, key, score.v), 1
    if isinstance(score, Perceptron) and device.type == "cuda" and has_triton():
        return lambda query, key: _compiled()(query, key, score.v), 1
    return score.compare, 1 if score.factored else score.head_dim


def compared_again(cost: KernelCost, score: Score, held: int) -> KernelCost:
    """With what the gradient of a cheaper way than `score.compare` computes anew, as it has kept no energies."""
    if score.factored or held > 1 or not cost.rounds.compare:
        return cost
    return cost._replace(rounds=cost.rounds._replace(compare=cost.rounds.compare + 1))


def _scores(query: Tensor, key: Tensor, v: Tensor) -> Tensor:
    # One query has no more energies than its keys have features: the textbook's way is as small, and sooner begun.
    return energies(query, key, v) if query.shape[-2] == 1 else _Exponentials.apply(query, key, v)


@functools.cache
def _compiled() -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    return torch.compile(energies, dynamic=True)


class _Exponentials(torch.autograd.Function):
    """`energies` of queries `(..., H, T, F)`, keys `(..., H, S, F)` and v `(H, 1, 1, F)`: scores `(..., H, T, S)`."""

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, v: Tensor) -> Tensor:
        from attnbench.attention.kernels import additive_loops

        exponentials = _exponentials(query, key)
        weights = v.to(exponentials[0].dtype).reshape(v.shape[0], -1).contiguous()
        ctx.save_for_backward(*exponentials, weights)
        ctx.like = query, key, v
        scores = additive_loops.scores(*exponentials, weights)
        return scores.view(*query.shape[:-1], key.shape[-2]).to(torch.result_type(query, v))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grad_outputs: Tensor) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        from attnbench.attention.kernels import additive_loops

        queries, keys, weights = ctx.saved_tensors
        query, key, v = ctx.like
        received = grad_outputs[0].to(queries.dtype).reshape(len(queries), queries.shape[1], -1).contiguous()
        for_query, for_key, for_weights = additive_loops.gradients(queries, keys, received, weights)
        return (
            for_query.view(query.shape).to(query.dtype),
            for_key.transpose(-1, -2).reshape(key.shape).to(key.dtype),
            for_weights.view(-1, v.shape[0], weights.shape[-1]).sum(0).view(v.shape).to(v.dtype),
        )


def _exponentials(query: Tensor, key: Tensor) -> tuple[Tensor, Tensor]:
    """e²ᵃ as `(N, T, F)` and e²ᵇ as `(N, F, S)`, in single precision or better.

    Each feature is shifted to the middle of the queries' range, to the other side for the keys; what then still lies
    outside the range of numbers, and is cut, is so far out that tanh is ±1 whatever the other is.
    """
    dtype = torch.promote_types(query.dtype, torch.float32)
    query, key = query.to(dtype).flatten(0, -3), key.to(dtype).flatten(0, -3)
    middle = (query.amax(-2, keepdim=True) + query.amin(-2, keepdim=True)) / 2
    limit = 43.0 if dtype == torch.float32 else 354.0  # e²ˣ is still a number
    a = (query - middle).clamp_(-limit, limit).mul_(2).exp_()
    b = (key + middle).clamp_(-limit, limit).mul_(2).exp_()
    return a, b.transpose(-1, -2).contiguous()
