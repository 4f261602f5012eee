"""From weights on tokens to links between words.

A word is what spaces set apart in the text, so the two texts are all that is needed to read a link. The pieces of a
word, and the marks that touch it, count as the word.
"""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from attnbench.tasks.task import Vocabulary

WordLinks = list[tuple[int, int]]  # (source word, target word), from 0


def word_links(weights: Tensor, source: Sequence[int], target: Sequence[int]) -> WordLinks:
    """The source word that has most of the weight, for each target word in turn.

    A target word that looks at the source's end more than at any word, or nowhere at all, has no link; of words that
    have the same weight it is linked to the first.

    Args:
        weights: `(T + 1, S + 1)`; the last row and column are those of the ends.
        source: the word that each of the S source tokens belongs to.
        target: the word that each of the T target tokens belongs to.
    """
    return [(word, row) for row, word in enumerate(linked_words(weights, source, target).tolist()) if word >= 0]


def linked_words(weights: Tensor, source: Sequence[int], target: Sequence[int]) -> Tensor:
    """What `word_links` links each target word with, for many tables at once, such as those of all heads.

    Args:
        weights: `(…, T + 1, S + 1)`.
        source, target: as there.

    Returns:
        Numbers of source words, `(…, target words)`; -1 is none.
    """
    weights, end = weights.cpu(), max(source, default=-1) + 1
    columns, rows = torch.tensor([*source, end]), torch.tensor(target, dtype=torch.long)
    heads, words = weights.shape[:-2], max(target, default=-1) + 1
    by_source = weights.new_zeros(*heads, len(target), end + 1).index_add_(-1, columns, weights[..., :-1, :])
    by_words = weights.new_zeros(*heads, words, end + 1).index_add_(-2, rows, by_source)
    found = by_words.argmax(-1)  # of equals the first
    nowhere = by_words.sum(-1) == 0
    return found.masked_fill(nowhere | (found == end), -1)


def token_links(links: Iterable[tuple[int, int]], source: Sequence[int], target: Sequence[int]) -> WordLinks:
    """Links between words as links between their tokens, each of the one word with each of the other.

    Args:
        links: (source word, target word).
        source, target: the word that each token belongs to.
    """
    linked = set(links)
    return [(i, j) for i, word in enumerate(source) for j, other in enumerate(target) if (word, other) in linked]


def word_indices(vocabulary: Vocabulary, text: str) -> list[int]:
    """The word of `text` that each of its tokens belongs to."""
    return [number for number, word in enumerate(text.split()) for _ in vocabulary.encode(word)]


def word_indices_of_ids(vocabulary: Vocabulary, ids: Sequence[int]) -> list[int]:
    """The word that each of the ids belongs to in the text that they make."""
    texts = [vocabulary.decode(ids[: end + 1]) for end in range(len(ids))]
    last = len(texts[-1].split()) - 1 if texts else 0
    # The word that another letter would belong to; a space at the very end begins none.
    return [min(len(f"{text}x".split()) - 1, last) for text in texts]
