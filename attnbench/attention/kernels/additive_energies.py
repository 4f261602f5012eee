"""vᵀ tanh(a + b) for every query a and key b. The textbook stores n² · D energies; this module does not.

On the CPU: tanh(a + b) = 1 - 2 r with r = 1 / (1 + e²ᵃ · e²ᵇ). The exponentials are computed once per query and once
per key. Each pair and feature then needs only a multiplication, an addition and a division. The gradient has the same
form: sech²(a + b) = 4 r (1 - r). Where an exponential would overflow, e²⁽ᵃ⁺ᵇ⁾ is computed for each pair. On a GPU,
torch's compiler fuses the textbook expression.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.utils._triton import has_triton

from attnbench.attention.kernels.kernel import KernelCost
from attnbench.attention.scores import Perceptron, Score, energies

Compare = Callable[[Tensor, Tensor], Tensor]  # from query features and key features to scores


class Limits(NamedTuple):
    """The sizes |a| and |b| for which e²ᵃ · e²ᵇ gives tanh(a + b). Exponents are cut at ± 2 `largest`.

    - Both are at most `largest`: e²ᵃ and e²ᵇ are normal numbers, and their product is as exact as they are. If it
      overflows to ∞ or underflows to 0, r is 0 or 1, as it must be.
    - One is at most `safe`: the other one is cut, if it is above `largest`. Then |a + b| was at least
      `largest` - `safe`, and still is. From there on, tanh differs from ±1 by less than half the epsilon of the dtype,
      which is the spacing of numbers below 1, and its derivative 4 r (1 - r) is below the epsilon.
    - Else the cut would change tanh: a large query and a large key of opposed signs may have any sum.
    """

    largest: float
    safe: float


LIMITS = {
    torch.float32: Limits(43.0, 34.0),  # e⁸⁶ = 2.2e37, 4 e⁻¹⁸ = 6.1e-8
    torch.float64: Limits(354.0, 334.0),  # e⁷⁰⁸ = 3.0e307, 4 e⁻⁴⁰ = 1.7e-17
}


def cheapest_compare(score: Score, device: torch.device) -> tuple[Compare, int]:
    """The cheapest function on `device` that computes `score.compare`, and how many numbers it holds per score."""
    if isinstance(score, Perceptron) and device.type == "cpu":
        return lambda query, key: _scores_on_cpu(query, key, score.v), 1
    if isinstance(score, Perceptron) and device.type == "cuda" and has_triton():
        return lambda query, key: _compiled_energies()(query, key, score.v), 1
    return score.compare, 1 if score.factored else score.head_dim


def add_recomputed_energies(cost: KernelCost, score: Score, numbers_per_score: int) -> KernelCost:
    """Adds the energies that the backward pass computes again.

    A function that is cheaper than `score.compare` keeps no energies, so its gradient has to compute them again.
    """
    passes = cost.backward_passes
    if score.factored or numbers_per_score > 1 or not passes.compare:
        return cost
    return cost._replace(backward_passes=passes._replace(compare=passes.compare + 1))


def _scores_on_cpu(query: Tensor, key: Tensor, v: Tensor) -> Tensor:
    # The energies of one query are no larger than the key features. The textbook expression then needs as little
    # memory, and it starts faster.
    return energies(query, key, v) if query.shape[-2] == 1 else _EnergiesByExponentials.apply(query, key, v)


@functools.cache
def _compiled_energies() -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    return torch.compile(energies, dynamic=True)


class _EnergiesByExponentials(torch.autograd.Function):
    """`energies` with its own gradient.

    Shapes: queries `(..., H, T, F)`, keys `(..., H, S, F)`, v `(H, 1, 1, F)`, scores `(..., H, T, S)`.
    """

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, v: Tensor) -> Tensor:
        from attnbench.attention.kernels import additive_loops

        exponentials, far = _exponentials(query, key)
        weights = v.to(exponentials[0].dtype).reshape(v.shape[0], -1).contiguous()
        scores = additive_loops.scores(*exponentials, weights)
        if far:
            from attnbench.attention.kernels import additive_far_loops

            additive_far_loops.add_scores(far, weights, scores)
        ctx.save_for_backward(weights, *exponentials, *far)
        ctx.original = query, key, v
        return scores.view(*query.shape[:-1], key.shape[-2]).to(torch.result_type(query, v))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grad_outputs: Tensor) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        from attnbench.attention.kernels import additive_loops

        weights, queries, keys, *far = ctx.saved_tensors
        query, key, v = ctx.original
        score_gradients = grad_outputs[0].to(queries.dtype).reshape(len(queries), queries.shape[1], -1).contiguous()
        gradients = additive_loops.gradients(queries, keys, score_gradients, weights)
        if far:
            from attnbench.attention.kernels import additive_far_loops

            additive_far_loops.add_gradients(far, weights, score_gradients, gradients)
        query_gradients, key_gradients, weight_gradients = gradients
        return (
            query_gradients.view(query.shape).to(query.dtype),
            key_gradients.transpose(-1, -2).reshape(key.shape).to(key.dtype),
            weight_gradients.view(-1, v.shape[0], weights.shape[-1]).sum(0).view(v.shape).to(v.dtype),
        )


def _exponentials(query: Tensor, key: Tensor) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, ...]]:
    """e²ᵃ as `(N, T, F)` and e²ᵇ as `(N, F, S)`, in float32 or wider. Also what `additive_far_loops` needs, or nothing.

    For each feature, the middle of the queries' range is subtracted from the queries and added to the keys. The sum
    a + b stays the same, and the exponents become smaller.
    """
    dtype = torch.promote_types(query.dtype, torch.float32)
    query, key = query.to(dtype).flatten(0, -3), key.to(dtype).flatten(0, -3)
    middle = (query.amax(-2, keepdim=True) + query.amin(-2, keepdim=True)) / 2
    a, b = query - middle, key + middle
    limits = LIMITS[dtype]
    if all(_within(limits.largest, part) for part in (a, b)):
        return (_e2(a), _e2(b).transpose(-1, -2).contiguous()), ()
    far = _far(a, b, limits)
    a, b = (part.clamp_(-limits.largest, limits.largest) for part in (a, b))
    exponentials = _e2(a).masked_fill_(far, 0.0), _e2(b).transpose(-1, -2).contiguous()
    return exponentials, (query.contiguous(), key.transpose(-1, -2).contiguous(), far) if far.any() else ()


def _within(bound: float, numbers: Tensor) -> bool:
    lowest, highest = numbers.aminmax()
    return -bound <= lowest.item() and highest.item() <= bound


def _e2(numbers: Tensor) -> Tensor:
    return numbers.mul_(2).exp_()


def _far(a: Tensor, b: Tensor, limits: Limits) -> Tensor:
    """Where cutting the exponents changes tanh(a + b) for some key, `(N, T, F)`. See `Limits`. ∞ and NaN are far."""
    reach = b.abs().amax(-2, keepdim=True)
    allowed = torch.where(reach <= limits.largest, limits.largest, limits.safe)
    return ~(a.abs() <= allowed.masked_fill(reach <= limits.safe, torch.inf))
