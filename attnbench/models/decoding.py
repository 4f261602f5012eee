"""Decoding: from a model's logits to hypotheses."""

from typing import NamedTuple

import torch
from torch import Tensor

from attnbench.models.rnn import RNN
from attnbench.tasks.task import BOS, EOS, PAD


class Hypothesis(NamedTuple):
    """Target ids without the specials that frame them; the weights `(H, T, S)` of each, the end included, if wanted."""

    ids: list[int]
    weights: Tensor | None


@torch.no_grad()
def greedy(model: RNN, source: Tensor, lengths: Tensor, *, want_weights: bool = False) -> list[Hypothesis]:
    """Takes the most likely token at each step, until every sentence has ended.

    A sentence that does not end is cut at twice its source's length and ten more.

    Args:
        model: in evaluation mode.
        source: ids `(B, S)`.
        lengths: real source tokens of each row, `(B,)`.
        want_weights: also keep the attention weights.
    """
    state = model.start(source, lengths)
    limits = 2 * lengths + 10
    tokens = torch.full_like(source[:, :1], BOS)
    ended = torch.zeros_like(tokens, dtype=torch.bool)
    chosen, weights = [], []
    for step in range(int(limits.max()) + 1):
        logits, decoded = model.step(tokens, state, want_weights=want_weights)
        logits[..., [PAD, BOS]] = -torch.inf
        tokens = logits.argmax(-1).masked_fill(ended | (limits[:, None] <= step), EOS)
        chosen.append(tokens)
        if decoded.weights is not None:
            weights.append(decoded.weights)
        state, ended = decoded.state, ended | (tokens == EOS)
        if bool(ended.all()):
            break
    rows = torch.cat(chosen, dim=1).tolist()
    kept = torch.cat(weights, dim=2) if weights else None
    return [_hypothesis(row, None if kept is None else kept[i]) for i, row in enumerate(rows)]


def _hypothesis(row: list[int], weights: Tensor | None) -> Hypothesis:
    length = row.index(EOS)
    return Hypothesis(row[:length], None if weights is None else weights[:, : length + 1])
