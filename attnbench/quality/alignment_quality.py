"""Weights as alignments: compared with gold links, and explicit weights compared with implicit ones."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from attnbench.models.model import Model
from attnbench.quality.alignment import attention_weights
from attnbench.quality.error_rate import rates
from attnbench.quality.implicit_attention import implicit_weights
from attnbench.quality.links import linked_words, word_indices
from attnbench.record import AlignmentQuality, HeadAlignment
from attnbench.tasks.task import EOS, Links, Pair, Task
from attnbench.tasks.text import words_of


class _Reading(NamedTuple):
    """The result for one sentence and K tables of weights: the implicit weights, the mean of all heads, and each head.

    Without attention there are only the implicit weights, and no agreement.
    """

    heads: list[tuple[int, int]]  # layer and head of the third table and of those after it
    entropy: Tensor  # (K, T)
    agreement: Tensor  # (T,)
    counts: Tensor  # (K, 4); see `record.AlignmentQuality`


def alignment_quality(model: Model, task: Task, pairs: Sequence[Pair]) -> AlignmentQuality | None:
    """Evaluates the weights of each pair while the model reads the reference; None without pairs.

    Entropy and agreement are those of the weights on tokens, with the ends, each row divided by its sum. The agreement
    of a row is Σ_s min(p_s, q_s) = 1 - ½ Σ_s |p_s - q_s|, where p is the mean of all layers and heads, and q are the
    implicit weights. It is 1 if both are the same, and 0 if they share no token.
    """
    if not pairs:
        return None
    model.eval()
    read = [_read(model, task, pair) for pair in pairs]
    entropy = torch.cat([each.entropy for each in read], dim=1).double().mean(1).tolist()
    agreement = torch.cat([each.agreement for each in read]).double().mean().item()
    by_table = torch.stack([each.counts for each in read], dim=1).tolist()
    counts = [rows if task.gold else [] for rows in by_table]
    heads, attends = read[0].heads, len(counts) > 1
    return AlignmentQuality(
        sentences=len(pairs),
        gold=task.gold,
        links=counts[1] if attends else [],
        implicit_links=counts[0],
        entropy=entropy[1] if attends else None,
        implicit_entropy=entropy[0],
        agreement=agreement if attends else None,
        heads=[
            HeadAlignment(layer, head, nats, *rates(rows))
            for (layer, head), nats, rows in zip(heads, entropy[2:], counts[2:], strict=True)
        ],
    )


def _read(model: Model, task: Task, pair: Pair) -> _Reading:
    source, target = [*task.source.encode(pair.source), EOS], [*task.target.encode(pair.target), EOS]
    implicit = implicit_weights(model, source, target).float().cpu()
    attention = attention_weights(model, source, target)
    tables, heads = implicit[None], list[tuple[int, int]]()
    if attention is not None:
        attention = attention.float().cpu()
        heads = [(layer, head) for layer in range(attention.shape[0]) for head in range(attention.shape[1])]
        tables = torch.cat([tables, attention.mean((0, 1))[None], attention.flatten(0, 1)])
    shares = F.normalize(tables, p=1.0, dim=-1)
    return _Reading(
        heads,
        torch.special.entr(shares).sum(-1),
        shares[:2].amin(0).sum(-1),
        _counts(
            linked_words(tables, word_indices(task.source, pair.source), word_indices(task.target, pair.target)), pair
        ),
    )


def _counts(linked: Tensor, pair: Pair) -> Tensor:
    """Counts for the links `(K, target words)` of a sentence: found, sure, found sure, found sure or possible."""
    sure, possible = _matrix(pair, pair.links), _matrix(pair, pair.links + pair.possible)
    words = torch.arange(len(sure))
    # The last words may have no tokens, and thus no row: words of white space alone.
    linked = F.pad(linked, (0, len(words) - linked.shape[-1]), value=-1)
    found = (linked >= 0).sum(-1)
    hits = [gold[words, linked].sum(-1) for gold in (sure, possible)]
    return torch.stack([found, sure.sum().expand_as(found), *hits], dim=-1)


def _matrix(pair: Pair, links: Links) -> Tensor:
    """Whether there is a link, `(target words, source words + 1)`. The last column, also index -1, is no word."""
    matrix = torch.zeros(len(words_of(pair.target)), len(words_of(pair.source)) + 1, dtype=torch.bool)
    for source, target in links:
        matrix[target, source] = True
    return matrix
