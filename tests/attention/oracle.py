"""The formulas of the papers, computed with loops over sentences, heads, queries and keys.

This module uses no code of the package. The parameters have the same names as in the layer (`score.weight`,
`scope.v`). Each parameter has one slice for each head.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch
from torch import Tensor

Parameters = Mapping[str, Tensor]


class ScopeInput(NamedTuple):
    """The input of a scope: one query and one sentence."""

    query: Tensor
    target: int  # the position of the query
    length: int  # the number of positions of the sentence, or those up to the query if the attention is causal
    window: int
    parameters: Parameters


Formula = Callable[[Tensor, Tensor, int, Parameters], Tensor]  # arguments: query, key, position of the key, parameters
ScopeFactor = Callable[[ScopeInput, int], Tensor | None]  # the factor of the weight; None: masked


def dot(query: Tensor, key: Tensor, position: int, parameters: Parameters) -> Tensor:
    return (query * key).sum()


def scaled_dot(query: Tensor, key: Tensor, position: int, parameters: Parameters) -> Tensor:
    return (query * key).sum() / query.numel() ** 0.5


def cosine(query: Tensor, key: Tensor, position: int, parameters: Parameters) -> Tensor:
    lengths = (query * query).sum().sqrt() * (key * key).sum().sqrt()
    return parameters["score.log_beta"].exp().squeeze() * (query * key).sum() / lengths


def general(query: Tensor, key: Tensor, position: int, parameters: Parameters) -> Tensor:
    return query @ parameters["score.weight"] @ key


def location(query: Tensor, key: Tensor, position: int, parameters: Parameters) -> Tensor:
    return (parameters["score.table"] @ query)[position]


def gaussian(query: Tensor, key: Tensor, position: int, parameters: Parameters) -> Tensor:
    sigma = parameters["score.log_sigma"].exp().squeeze()
    return -((query - key) ** 2).sum() / (2 * sigma**2)


def average(query: Tensor, key: Tensor, position: int, parameters: Parameters) -> Tensor:
    return torch.zeros((), dtype=query.dtype)


def additive(query: Tensor, key: Tensor, position: int, parameters: Parameters) -> Tensor:
    energy = query @ parameters["score.query_weight"] + key @ parameters["score.key_weight"]
    return (parameters["score.v"].flatten() * torch.tanh(energy)).sum()


def concat(query: Tensor, key: Tensor, position: int, parameters: Parameters) -> Tensor:
    energy = torch.cat([query, key]) @ parameters["score.weight"]
    return (parameters["score.v"].flatten() * torch.tanh(energy)).sum()


def everywhere(inputs: ScopeInput, position: int) -> Tensor | None:
    return torch.ones((), dtype=inputs.query.dtype)


def monotonic(inputs: ScopeInput, position: int) -> Tensor | None:
    centre = min(inputs.target, inputs.length - 1)
    return everywhere(inputs, position) if abs(position - centre) <= inputs.window else None


def predicted(inputs: ScopeInput, position: int) -> Tensor | None:
    hidden = torch.tanh(inputs.query @ inputs.parameters["scope.weight"])
    centre = inputs.length * torch.sigmoid((hidden * inputs.parameters["scope.v"].flatten()).sum())
    distance = position - centre
    if abs(distance.item()) > inputs.window:
        return None
    sigma = inputs.window / 2
    return torch.exp(-(distance**2) / (2 * sigma**2))


# The keys are the names of the files in conf/score and conf/scope. A new file needs its formula here.
SCORES: dict[str, Formula] = {
    "dot": dot,
    "scaled_dot": scaled_dot,
    "cosine": cosine,
    "general": general,
    "location": location,
    "gaussian": gaussian,
    "average": average,
    "additive": additive,
    "concat": concat,
}
SCOPES: dict[str, ScopeFactor] = {"global": everywhere, "local_m": monotonic, "local_p": predicted}


class Setting(NamedTuple):
    """The attention to compute."""

    score: str
    scope: str
    heads: int
    window: int
    position: int
    parameters: Parameters
    causal: bool = False


def attend(setting: Setting, query: Tensor, states: Tensor, lengths: list[int]) -> tuple[Tensor, Tensor]:
    """The context `(B, T, W)` and the weights `(B, H, T, S)` of queries `(B, T, W)` over states `(B, S, W)`."""
    contexts, weights = [], []
    for b, length in enumerate(lengths):
        heads = [attend_head(setting, query[b], states[b], length, head) for head in range(setting.heads)]
        contexts.append(torch.cat([context for context, _ in heads], dim=-1))
        weights.append(torch.stack([rows for _, rows in heads]))
    return torch.stack(contexts), torch.stack(weights)


def attend_head(setting: Setting, query: Tensor, states: Tensor, length: int, head: int) -> tuple[Tensor, Tensor]:
    """The context `(T, D)` and the weights `(T, S)` of one head for one sentence."""
    width = query.shape[-1] // setting.heads
    head_slice = slice(head * width, (head + 1) * width)
    parameters = {name: value[head] for name, value in setting.parameters.items()}
    contexts, rows = [], []
    for t in range(query.shape[0]):
        target = setting.position + t
        visible = min(length, target + 1) if setting.causal else length
        inputs = ScopeInput(query[t, head_slice], target, visible, setting.window, parameters)
        row = attend_query(setting, inputs, states[:, head_slice])
        context = torch.zeros(width, dtype=query.dtype)
        for s, weight in enumerate(row):
            context = context + weight * states[s, head_slice]
        contexts.append(context)
        rows.append(torch.stack(row))
    return torch.stack(contexts), torch.stack(rows)


def attend_query(setting: Setting, inputs: ScopeInput, keys: Tensor) -> list[Tensor]:
    """The weights of one query on all keys. The weight of a masked key is 0."""
    row = [torch.zeros((), dtype=keys.dtype) for _ in keys]
    factors = {s: SCOPES[setting.scope](inputs, s) for s in range(inputs.length)}
    scores = {
        s: SCORES[setting.score](inputs.query, keys[s], s, inputs.parameters)
        for s, factor in factors.items()
        if factor is not None
    }
    highest = max((score.item() for score in scores.values()), default=0.0)
    exponentials = {s: torch.exp(score - highest) for s, score in scores.items()}
    for s, exponential in exponentials.items():
        factor = factors[s]
        assert factor is not None
        row[s] = exponential / sum(exponentials.values()) * factor
    return row
