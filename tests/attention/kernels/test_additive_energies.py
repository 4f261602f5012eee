"""tanh(a + b) from exponentials, for features of any size: values and gradients beside the textbook's in float64."""

import math

import pytest
import torch
from torch import Tensor

from attnbench.attention.kernels.additive_energies import LIMITS, _exponentials, cheapest_compare
from attnbench.attention.scores import Perceptron, energies
from tests.attention.variants import Variant, build, states

FLOATS = [torch.float32, torch.float64]


def perceptron(dtype: torch.dtype, width: int = 6) -> Perceptron:
    score = build(Variant("additive", kernel="additive"), width=width).score.to(dtype)
    assert isinstance(score, Perceptron)
    return score


def by_exponentials(score: Perceptron, query: Tensor, key: Tensor) -> Tensor:
    compare, numbers_per_score = cheapest_compare(score, torch.device("cpu"))
    assert numbers_per_score == 1
    return compare(query, key)


def features(*shape: int, seed: int, scale: float, offset: float = 0.0) -> Tensor:
    """Numbers in float64 that float32 and bf16 hold too."""
    return (scale * states(*shape, seed=seed) + offset).detach().bfloat16().double()


def assert_agrees(query: Tensor, key: Tensor, dtype: torch.dtype) -> None:
    """Compares with the textbook. The tolerance is some rounding errors of a feature, in a sum over all features."""
    score = perceptron(dtype, 2 * query.shape[-1])
    narrow = [tensor.to(dtype, copy=True).requires_grad_() for tensor in (query, key)]
    found = by_exponentials(score, *narrow)
    factors = torch.linspace(0.5, 1.5, found.numel(), dtype=torch.float64).view_as(found)
    ours = torch.autograd.grad((found * factors).sum(), [*narrow, score.v])
    exact = [tensor.clone().requires_grad_() for tensor in (query, key, score.v.detach().double())]
    expected = energies(*exact)
    theirs = torch.autograd.grad((expected * factors).sum(), exact)
    size = 1 + min(float(query.abs().max()), float(key.abs().max()))
    tolerance = 4 * size * torch.finfo(dtype).eps
    torch.testing.assert_close(found.double(), expected, rtol=0, atol=tolerance)
    for gradient, reference in zip(ours, theirs, strict=True):
        terms = found.numel() / min(gradient[..., 0].numel(), found.numel())
        torch.testing.assert_close(gradient.double(), reference, rtol=0, atol=2 * terms * tolerance)


@pytest.mark.parametrize(("dtype", "size"), [(torch.float32, 100.0), (torch.float64, 1000.0), (torch.bfloat16, 96.0)])
def test_a_large_query_and_a_large_key_of_opposed_signs(dtype: torch.dtype, size: float) -> None:
    """The sums are 10, 2 size - 10, and their negatives; also if one query is compared alone."""
    score = perceptron(dtype, width=2)
    with torch.no_grad():
        score.v.fill_(1.0)
    query = torch.tensor([size, -size], dtype=dtype).view(1, 1, 2, 1).expand(1, 2, 2, 1)
    key = torch.tensor([10 - size, size - 10], dtype=dtype).view(1, 1, 2, 1).expand(1, 2, 2, 1)
    expected = torch.tensor([[math.tanh(10), 1.0], [-1.0, -math.tanh(10)]], dtype=dtype).expand(1, 2, 2, 2)
    torch.testing.assert_close(by_exponentials(score, query, key), expected)
    for t, alone in enumerate(query.split(1, dim=2)):
        torch.testing.assert_close(by_exponentials(score, alone, key), expected[:, :, t : t + 1])


@pytest.mark.parametrize("offset", [0.0, 30.0, 80.0, 1000.0])
@pytest.mark.parametrize("scale", [1.0, 15.0, 40.0, 1e3, 1e4])
@pytest.mark.parametrize("dtype", FLOATS)
def test_features_of_any_size(dtype: torch.dtype, scale: float, offset: float) -> None:
    query = features(2, 2, 7, 3, seed=1, scale=scale, offset=offset)
    assert_agrees(query, features(2, 2, 5, 3, seed=2, scale=scale, offset=-offset), dtype)
    assert_agrees(query, features(2, 2, 5, 3, seed=3, scale=1.0, offset=-offset), dtype)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("query_size", [-1.0, 0.0, 1.0, 10.0])
@pytest.mark.parametrize("key_size", [-1.0, 0.0, 1.0, 10.0])
def test_near_the_limits(dtype: torch.dtype, query_size: float, key_size: float) -> None:
    """Each pair of sizes beside and beyond both limits, with sums near 0 and beyond the saturation of tanh."""
    for query_limit in LIMITS[dtype]:
        for key_limit in LIMITS[dtype]:
            q, k = query_limit + query_size, key_limit + key_size
            query = torch.tensor([q, -q, q - 1, 0.5], dtype=torch.float64).view(1, 1, 4, 1).expand(1, 2, 4, 1)
            key = torch.tensor([k, -k, 1 - k, -0.25], dtype=torch.float64).view(1, 1, 4, 1).expand(1, 2, 4, 1)
            assert_agrees(query, key, dtype)


@pytest.mark.parametrize("dtype", FLOATS)
def test_what_the_limits_promise(dtype: torch.dtype) -> None:
    numbers, largest = torch.finfo(dtype), torch.tensor(LIMITS[dtype].largest, dtype=torch.float64)
    uncut = largest - LIMITS[dtype].safe
    assert math.log(numbers.tiny) < -2 * largest < 2 * largest < math.log(numbers.max)
    assert 1 - torch.tanh(uncut) < numbers.eps / 2
    assert 4 * torch.exp(-2 * uncut) < numbers.eps  # the derivative


@pytest.mark.parametrize("operand", ["query", "key"])
@pytest.mark.parametrize("number", [torch.inf, -torch.inf])
def test_an_infinite_feature_saturates(number: float, operand: str) -> None:
    score = perceptron(torch.float32)
    query, key = (features(1, 2, 4, 3, seed=seed, scale=1.0).float() for seed in (1, 2))
    (query if operand == "query" else key)[0, 0, 1, 2] = number
    torch.testing.assert_close(by_exponentials(score, query, key), energies(query, key, score.v))


def test_what_is_not_a_number_stays_so() -> None:
    score = perceptron(torch.float32)
    query, key = (features(1, 2, 4, 3, seed=seed, scale=60.0).float() for seed in (1, 2))
    query[0, 0, 1, 2] = torch.nan
    found = by_exponentials(score, query, key)
    assert found[0, 0, 1].isnan().all()
    assert found[0, 1].isfinite().all()


def test_exponentials_of_pairs_are_computed_only_for_large_features() -> None:
    query, key = (features(1, 2, 4, 3, seed=seed, scale=5.0).float() for seed in (1, 2))
    assert _exponentials(query, key)[1] == ()
    query[0, 1, 2, 0], key[0, 1, 0, 0] = 100.0, -90.0
    *_, far = _exponentials(query, key)[1]
    assert far.nonzero()[:, [0, 2]].unique(dim=0).tolist() == [[1, 0]]  # of one head and one feature
