"""From weights on tokens to links between words.

A word is what spaces set apart in the text, so the two texts are all that is needed to read a link. The pieces of a
word, and the marks that touch it, count as the word.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from attnbench.tasks.task import Vocabulary

Links = list[tuple[int, int]]  # (source word, target word), from 0


def word_links(weights: Tensor, source: Sequence[int], target: Sequence[int]) -> Links:
    """The source word that has most of the weight, for each target word in turn.

    A target word that looks at the source's end more than at any word, or nowhere at all, has no link.

    Args:
        weights: `(T + 1, S + 1)`; the last row and column are those of the ends.
        source: the word that each of the S source tokens belongs to.
        target: the word that each of the T target tokens belongs to.
    """
    end = max(source, default=-1) + 1
    columns, rows = torch.tensor([*source, end]), torch.tensor(target, dtype=torch.long)
    by_source = weights.new_zeros(len(target), end + 1).index_add_(1, columns, weights[:-1])
    by_words = weights.new_zeros(max(target, default=-1) + 1, end + 1).index_add_(0, rows, by_source)
    found = [(int(word), row) for row, word in enumerate(by_words.argmax(-1)) if by_words[row, word] > 0]
    return [(word, row) for word, row in found if word != end]


def words_read(vocabulary: Vocabulary, text: str) -> list[int]:
    """The word of `text` that each of its tokens belongs to."""
    return [number for number, word in enumerate(text.split()) for _ in vocabulary.encode(word)]


def words_written(vocabulary: Vocabulary, ids: Sequence[int]) -> list[int]:
    """The word that each of the ids belongs to in the text that they make."""
    texts = [vocabulary.decode(ids[: end + 1]) for end in range(len(ids))]
    last = len(texts[-1].split()) - 1 if texts else 0
    # The word that another letter would belong to; a space at the very end begins none.
    return [min(len(f"{text}x".split()) - 1, last) for text in texts]
