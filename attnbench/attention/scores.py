"""All score functions.

A score compares each query with each key. Most scores are a dot product of features: score(q, k) = φ(q) · ψ(k). Only
the additive scores have another form. A dot-product score only defines its two feature maps φ and ψ. One fused kernel
computes all these scores. A score may omit a term that is the same for all keys of a query. Such a term cancels in the
softmax.

Shapes: query `(B, H, T, D)`, key `(B, H, S, D)`, scores `(B, H, T, S)`. Each head has its own parameters.
"""

import math

import torch
from torch import Tensor, nn

from attnbench.attention.bounds import Bound
from attnbench.compiled.linear import linear
from attnbench.errors import UserError


class Score(nn.Module):
    """The base of all scores. By default, φ and ψ are the identity, and `compare` is the dot product.

    `factored`: whether `compare` is the dot product. A kernel may then compute the dot product in its own way.
    """

    factored = True

    def __init__(self, heads: int, head_dim: int) -> None:
        super().__init__()
        self.heads, self.head_dim = heads, head_dim

    @property
    def bound(self) -> Bound | None:
        """How many positions can be attended to; None if there is no bound."""
        return None

    def query_features(self, query: Tensor) -> Tensor:
        """φ: maps queries `(B, H, T, D)` to features `(B, H, T, F)`."""
        return query

    def key_features(self, key: Tensor, position: int = 0) -> Tensor:
        """ψ: maps keys `(B, H, S, D)` to features `(B, H, S, F)`. They are computed once and serve all queries.

        `position` is the position of the first key.
        """
        return key

    def compare(self, query_features: Tensor, key_features: Tensor) -> Tensor:
        """Computes the scores `(B, H, T, S)` from the features."""
        return query_features @ key_features.transpose(-2, -1)

    def is_product(self, query_features: Tensor, key_features: Tensor) -> bool:
        """Whether a dot product of these features is as precise as `compare`."""
        return self.factored

    def flops(self, features: int) -> int:
        """The floating-point operations of `compare` for one pair of a query and a key with F features each.

        The feature maps are not included. Their operations are counted separately, by running them.
        """
        return 2 * features

    def forward(self, query: Tensor, key: Tensor) -> Tensor:
        return self.compare(self.query_features(query), self.key_features(key))


class Dot(Score):
    """q · k. Luong et al. 2015, section 3.1."""


class ScaledDot(Score):
    """q · k / √D. Vaswani et al. 2017, eq. 1."""

    def query_features(self, query: Tensor) -> Tensor:
        return query / math.sqrt(self.head_dim)


class Cosine(Score):
    """β cos(q, k), with β > 0 learned: content-based addressing. Graves et al. 2014, eq. 5-6.

    Here β is a parameter of each head. In the paper, the controller gives another β at each step.

    Args:
        sharpness: the initial β. The scores are between -β and β. With β = 1, this range is too small: the softmax
            cannot separate the best key from the worst key.
    """

    def __init__(self, heads: int, head_dim: int, sharpness: float = 8.0) -> None:
        super().__init__(heads, head_dim)
        self.sharpness = _positive("score.sharpness", sharpness)
        self.log_beta = nn.Parameter(torch.empty(heads, 1, 1))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        nn.init.constant_(self.log_beta, math.log(self.sharpness))

    def query_features(self, query: Tensor) -> Tensor:
        return query * (self.log_beta.exp() / _norm(query))

    def key_features(self, key: Tensor, position: int = 0) -> Tensor:
        return key * _norm(key).reciprocal()


class General(Score):
    """qᵀ W k, multiplicative attention. Luong et al. 2015, section 3.1.

    Args:
        scaled: whether the score is divided by √D, as that of `ScaledDot`. It is not in the paper. Without it, the
            scores of a wide model are so large from the start that the softmax learns slowly.
    """

    def __init__(self, heads: int, head_dim: int, scaled: bool = False) -> None:
        super().__init__(heads, head_dim)
        self.scaled = scaled
        self.weight = nn.Parameter(torch.empty(heads, head_dim, head_dim))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        _uniform(self.weight, fan_in=self.head_dim)

    def query_features(self, query: Tensor) -> Tensor:
        features = _map(query, self.weight)
        return features / math.sqrt(self.head_dim) if self.scaled else features


class Location(Score):
    """(W q)ⱼ: the score depends only on the position j, not on the key. Luong et al. 2015, eq. 8.

    Args:
        positions: the number of source positions in the table W.
    """

    def __init__(self, heads: int, head_dim: int, positions: int = 1024) -> None:
        super().__init__(heads, head_dim)
        self.table = nn.Parameter(torch.empty(heads, positions, head_dim))
        self.reset_parameters()

    @property
    def bound(self) -> Bound:
        return Bound("score.positions", self.table.shape[1])

    def reset_parameters(self) -> None:
        _uniform(self.table, fan_in=self.head_dim)

    def key_features(self, key: Tensor, position: int = 0) -> Tensor:
        self.bound.check(end := position + key.shape[-2])
        return self.table[:, position:end].expand(key.shape[0], -1, -1, -1)


class Gaussian(Score):
    """-‖q - k‖² / 2σ²: Nadaraya-Watson kernel regression. Nadaraya 1964; Watson 1964.

    The term -‖q‖² / 2σ² is the same for all keys of a query, so it is left out.

    If q and k change by their rounding errors, the score changes in proportion to ‖q - k‖ ‖k‖ / σ². The rounding errors
    of the product change it in proportion to ‖k‖² / σ², which is far more if a distance is small and a norm is large.
    So `compare` is the product only if all keys are within `near` σ of 0. Beyond, it computes in float64, and with the
    term of the query: the scores of near keys are then small, and have no large rounding error.

    Args:
        sigma: the width σ of the kernel, in units of the states.
        learned: whether each head learns its own σ. The initial value is `sigma`.
    """

    log_sigma: Tensor
    near = 32  # in float32, the rounding errors of a product are then below 1e-4

    def __init__(self, heads: int, head_dim: int, sigma: float = 1.0, learned: bool = False) -> None:
        super().__init__(heads, head_dim)
        self.sigma = _positive("score.sigma", sigma)
        if learned:
            self.log_sigma = nn.Parameter(torch.empty(heads, 1, 1))
        else:
            self.register_buffer("log_sigma", torch.empty(heads, 1, 1))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        nn.init.constant_(self.log_sigma, math.log(self.sigma))

    def query_features(self, query: Tensor) -> Tensor:
        precision = torch.exp(-2 * self.log_sigma)
        ones = torch.ones_like(query[..., :1])
        return torch.cat([query, ones], dim=-1) * precision

    def key_features(self, key: Tensor, position: int = 0) -> Tensor:
        return torch.cat([key, -key.square().sum(-1, keepdim=True) / 2], dim=-1)

    def compare(self, query_features: Tensor, key_features: Tensor) -> Tensor:
        if self.is_product(query_features, key_features):
            return super().compare(query_features, key_features)
        query, key = query_features.double(), self.key_features(key_features[..., :-1].double())
        query_term = query[..., :-1].square().sum(-1, keepdim=True) / (2 * query[..., -1:])
        return (super().compare(query, key) - query_term).to(torch.result_type(query_features, key_features))

    def is_product(self, query_features: Tensor, key_features: Tensor) -> bool:
        precision = query_features.detach().select(-1, -1).select(-1, 0).amax().item()
        half_square = -key_features.detach().select(-1, -1).amin().item()
        return precision * half_square <= self.near**2 / 2


class Average(Score):
    """0: all keys have the same weight, mean pooling."""

    def query_features(self, query: Tensor) -> Tensor:
        return torch.zeros_like(query[..., :1])

    def key_features(self, key: Tensor, position: int = 0) -> Tensor:
        return torch.zeros_like(key[..., :1])


class Perceptron(Score):
    """The base of the additive scores: vᵀ tanh(φ(q) + ψ(k)), a perceptron with one hidden layer.

    The values of the hidden layer are called energies. `compare` computes them by broadcasting, as in the textbook. It
    holds all energies `(B, H, T, S, D)` in memory.
    """

    factored = False

    def __init__(self, heads: int, head_dim: int) -> None:
        super().__init__(heads, head_dim)
        self.v = nn.Parameter(torch.empty(heads, 1, 1, head_dim))

    def compare(self, query_features: Tensor, key_features: Tensor) -> Tensor:
        return energies(query_features, key_features, self.v)

    def flops(self, features: int) -> int:
        return 4 * features  # sum, tanh, multiply-add


def energies(query_features: Tensor, key_features: Tensor, v: Tensor) -> Tensor:
    """Computes the scores vᵀ tanh(a + b), `(B, H, T, S)`.

    The features a are `(B, H, T, F)`, the features b are `(B, H, S, F)`, and v is `(H, 1, 1, F)`.
    """
    return (torch.tanh(query_features[..., :, None, :] + key_features[..., None, :, :]) * v).sum(-1)


class Additive(Perceptron):
    """vᵀ tanh(W_q q + W_k k), also known as Bahdanau or MLP attention. Bahdanau et al. 2015, appendix A.1.2."""

    def __init__(self, heads: int, head_dim: int) -> None:
        super().__init__(heads, head_dim)
        self.query_weight = nn.Parameter(torch.empty(heads, head_dim, head_dim))
        self.key_weight = nn.Parameter(torch.empty(heads, head_dim, head_dim))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        for parameter in (self.query_weight, self.key_weight, self.v):
            _uniform(parameter, fan_in=self.head_dim)

    def query_features(self, query: Tensor) -> Tensor:
        return _map(query, self.query_weight)

    def key_features(self, key: Tensor, position: int = 0) -> Tensor:
        return _map(key, self.key_weight)


class Concat(Perceptron):
    """vᵀ tanh(W [q; k]). Luong et al. 2015, section 3.1.

    With W = [W_q W_k], this is the same function as `Additive`. Only the scale of the initial values differs, because W
    has twice as many inputs. Both names exist, because the literature uses both.
    """

    def __init__(self, heads: int, head_dim: int) -> None:
        super().__init__(heads, head_dim)
        self.weight = nn.Parameter(torch.empty(heads, 2 * head_dim, head_dim))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        _uniform(self.weight, fan_in=2 * self.head_dim)
        _uniform(self.v, fan_in=self.head_dim)

    def query_features(self, query: Tensor) -> Tensor:
        return _map(query, self.weight[:, : self.head_dim])

    def key_features(self, key: Tensor, position: int = 0) -> Tensor:
        return _map(key, self.weight[:, self.head_dim :])


def _map(states: Tensor, weight: Tensor) -> Tensor:
    """Maps the states `(B, H, T, D)` of each head by its weight `(H, D, F)`.

    It is one product for each head. With `states @ weight`, it would be one for each head and sentence.
    """
    size, heads, length, _ = states.shape
    if heads == 1:
        return linear(states, weight[0].t(), None)
    return (states.transpose(0, 1).flatten(1, 2) @ weight).unflatten(1, (size, length)).transpose(0, 1)


def _norm(states: Tensor) -> Tensor:
    """The norm ‖x‖, `(..., 1)`. It is never 0, so that a division by it is possible."""
    return torch.linalg.vector_norm(states, dim=-1, keepdim=True).clamp_min(1e-12)


def _uniform(parameter: nn.Parameter, fan_in: int) -> None:
    """Draws initial values as `nn.Linear` does. A score then starts in the same way as the other layers."""
    bound = 1 / math.sqrt(fan_in)
    nn.init.uniform_(parameter, -bound, bound)


def _positive(key: str, value: float) -> float:
    if not value > 0:
        raise UserError(f"{key}={value}: must be greater than 0")
    return value
