"""The weights of a model for a sentence, by its attention and by its gradients."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from attnbench.models.model import Model
from attnbench.quality.implicit_attention import implicit_weights
from attnbench.quality.links import token_links, word_indices
from attnbench.record import Alignment
from attnbench.tasks.task import BOS, EOS, Pair, Task


def alignments(model: Model, task: Task, pairs: Sequence[Pair]) -> list[Alignment]:
    """The weights of each pair while the model reads the reference.

    It reads the reference, not the hypothesis. Every mechanism thus has the same tokens and the same gold links.
    """
    model.eval()
    found = []
    for pair in pairs:
        source, target = [*task.source.encode(pair.source), EOS], [*task.target.encode(pair.target), EOS]
        weights = attention_weights(model, source, target)
        found.append(
            Alignment(
                source=[task.source.token(index) for index in source],
                target=[task.target.token(index) for index in target],
                weights=[] if weights is None else _rounded(weights.float().tolist()),
                implicit=_rounded(implicit_weights(model, source, target).tolist()),
                gold=token_links(
                    pair.links, word_indices(task.source, pair.source), word_indices(task.target, pair.target)
                ),
            )
        )
    return found


@torch.no_grad()
def attention_weights(model: Model, source: Sequence[int], target: Sequence[int]) -> Tensor | None:
    """The weights `(L, H, T, S)` of a sentence while the model reads its target; None for a model without attention.

    Args:
        model: in evaluation mode.
        source: ids, with the end.
        target: ids, with the end.
    """
    device = next(model.parameters()).device
    read, begun = torch.tensor([source], device=device), torch.tensor([[BOS, *target[:-1]]], device=device)
    lengths = torch.tensor([len(source)], device=device)
    weights = model(read, lengths, begun, want_weights=True).weights
    return None if weights is None else weights[0]


def _rounded(weights: Any) -> Any:
    """Nested lists of numbers, rounded to four digits."""
    return [_rounded(inner) for inner in weights] if isinstance(weights, list) else round(weights, 4)
