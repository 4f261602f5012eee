"""Attention as the papers write it: loops over sentence, head, query and key. It shares nothing with the package.

The parameters go by the names that they have in a layer (`score.weight`, `scope.v`), one slice a head.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch
from torch import Tensor

Parameters = Mapping[str, Tensor]


class Scene(NamedTuple):
    """One query and one sentence: everything that a scope may read."""

    query: Tensor
    target: int  # its position
    length: int  # of the sentence, or of what a causal query may see of it
    window: int
    parameters: Parameters


Formula = Callable[[Tensor, Tensor, int, Parameters], Tensor]  # of a query, a key, the key's position
Reach = Callable[[Scene, int], Tensor | None]  # the factor of a position's weight, None where it is out of reach


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


def everywhere(scene: Scene, position: int) -> Tensor | None:
    return torch.ones((), dtype=scene.query.dtype)


def monotonic(scene: Scene, position: int) -> Tensor | None:
    centre = min(scene.target, scene.length - 1)
    return everywhere(scene, position) if abs(position - centre) <= scene.window else None


def predicted(scene: Scene, position: int) -> Tensor | None:
    hidden = torch.tanh(scene.query @ scene.parameters["scope.weight"])
    centre = scene.length * torch.sigmoid((hidden * scene.parameters["scope.v"].flatten()).sum())
    distance = position - centre
    if abs(distance.item()) > scene.window:
        return None
    sigma = scene.window / 2
    return torch.exp(-(distance**2) / (2 * sigma**2))


# By the names of the files in conf/score and conf/scope: a new one needs its formula here.
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
SCOPES: dict[str, Reach] = {"global": everywhere, "local_m": monotonic, "local_p": predicted}


class Setting(NamedTuple):
    """Which attention it is."""

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
    """One sentence, one head: the context `(T, D)` and the weights `(T, S)`."""
    width = query.shape[-1] // setting.heads
    own = slice(head * width, (head + 1) * width)
    parameters = {name: value[head] for name, value in setting.parameters.items()}
    contexts, rows = [], []
    for t in range(query.shape[0]):
        target = setting.position + t
        visible = min(length, target + 1) if setting.causal else length
        scene = Scene(query[t, own], target, visible, setting.window, parameters)
        row = attend_query(setting, scene, states[:, own])
        context = torch.zeros(width, dtype=query.dtype)
        for s, weight in enumerate(row):
            context = context + weight * states[s, own]
        contexts.append(context)
        rows.append(torch.stack(row))
    return torch.stack(contexts), torch.stack(rows)


def attend_query(setting: Setting, scene: Scene, keys: Tensor) -> list[Tensor]:
    """One query: its weight on every key, zero where it may not look."""
    row = [torch.zeros((), dtype=keys.dtype) for _ in keys]
    factors = {s: SCOPES[setting.scope](scene, s) for s in range(scene.length)}
    scores = {
        s: SCORES[setting.score](scene.query, keys[s], s, scene.parameters)
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
