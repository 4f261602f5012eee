"""From weights on tokens to links between words.

Words are those of `tasks.text.words_of`, so that only the two texts are needed to read a link. The pieces of a word,
and the punctuation attached to it, belong to the word.
"""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from attnbench.tasks.task import Vocabulary
from attnbench.tasks.text import words_of

WordLinks = list[tuple[int, int]]  # (source word, target word), from 0


def word_links(weights: Tensor, source: Sequence[int], target: Sequence[int]) -> WordLinks:
    """For each target word in turn, the link to the source word that has most of its weight.

    A target word has no link if the end of the source has more weight than any word, or if all weights are 0. Of words
    with equal weight, the first is linked.

    Args:
        weights: `(T + 1, S + 1)`; the last row and column belong to the ends.
        source: the word of each of the S source tokens.
        target: the word of each of the T target tokens.
    """
    return [(word, row) for row, word in enumerate(linked_words(weights, source, target).tolist()) if word >= 0]


def linked_words(weights: Tensor, source: Sequence[int], target: Sequence[int]) -> Tensor:
    """The source word to which `word_links` links each target word, for many tables at once, such as those of all
    heads.

    Args:
        weights: `(…, T + 1, S + 1)`.
        source: the word of each source token.
        target: the word of each target token.

    Returns:
        Numbers of source words, `(…, target words)`; -1 is no link.
    """
    weights, end = weights.cpu(), max(source, default=-1) + 1
    columns, rows = torch.tensor([*source, end]), torch.tensor(target, dtype=torch.long)
    heads, words = weights.shape[:-2], max(target, default=-1) + 1
    by_source = weights.new_zeros(*heads, len(target), end + 1).index_add_(-1, columns, weights[..., :-1, :])
    by_words = weights.new_zeros(*heads, words, end + 1).index_add_(-2, rows, by_source)
    found = by_words.argmax(-1)  # the first of equal ones
    nowhere = by_words.sum(-1) == 0
    return found.masked_fill(nowhere | (found == end), -1)


def token_links(links: Iterable[tuple[int, int]], source: Sequence[int], target: Sequence[int]) -> WordLinks:
    """Links between words as links between their tokens: each token of one word with each token of the other.

    Args:
        links: (source word, target word).
        source: the word of each source token.
        target: the word of each target token.
    """
    linked = set(links)
    return [(i, j) for i, word in enumerate(source) for j, other in enumerate(target) if (word, other) in linked]


def word_indices(vocabulary: Vocabulary, text: str) -> list[int]:
    """The word of `text` to which each of its tokens belongs."""
    return [number for number, word in enumerate(words_of(text)) for _ in vocabulary.encode(word)]


def word_indices_of_ids(vocabulary: Vocabulary, ids: Sequence[int]) -> list[int]:
    """The word to which each of the ids belongs, in the text that the ids make."""
    texts = [vocabulary.decode(ids[: end + 1]) for end in range(len(ids))]
    last = len(words_of(texts[-1])) - 1 if texts else 0
    # The word to which one more letter would belong. A space at the end begins no word.
    return [min(len(words_of(f"{text}x")) - 1, last) for text in texts]
