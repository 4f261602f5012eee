"""The test sentences whose weights are kept or evaluated: the same for every mechanism, with gold links if any have
them.
"""

import logging
import math
from collections.abc import Sequence
from itertools import compress

from attnbench.tasks.task import Pair, Task
from attnbench.tasks.text import words_of

log = logging.getLogger(__name__)

SHOWN_WORDS = 24  # source words of the longest sentence whose weights are kept: as many as a heat map can label
SHOWN_TOKENS = 100  # tokens of either side, where no sentence has so few words: there is a weight for each two of them
# The sum of squared target tokens of the sentences by which alignments are evaluated. Implicit weights read a sentence
# once for each of its tokens. This bound costs about as much as sixty updates, at any length.
JUDGED_TOKENS_SQUARED = 100_000


def sentences_to_show(task: Task, count: int) -> list[Pair]:
    """`count` test pairs, spread evenly over those that are short enough to show; if there are none, the shortest."""
    by_length = [pair for pair in _by_length(task) if max(_tokens(task, pair)) <= SHOWN_TOKENS]
    if not by_length and count:
        log.warning("no weights are kept: each test sentence has more than %d tokens", SHOWN_TOKENS)
    return _spread([pair for pair in by_length if _words(pair) <= SHOWN_WORDS] or by_length[:count], count)


def sentences_to_judge(task: Task, count: int) -> list[Pair]:
    """`count` test pairs, spread evenly over all lengths. There are fewer if they are long, so that the time is the
    same. A pair that would take more than the whole time is left out.
    """
    by_length = _by_length(task)
    sizes = [_tokens(task, pair) for pair in by_length]
    fits = [target * max(source, target) <= JUDGED_TOKENS_SQUARED for source, target in sizes]
    if count and not all(fits):
        log.warning(
            "alignments are evaluated without %d of %d test sentences: they have more than %d tokens",
            *(fits.count(False), len(fits), math.isqrt(JUDGED_TOKENS_SQUARED)),
        )
    squared = sum(target**2 for _, target in compress(sizes, fits))
    return _spread([*compress(by_length, fits)], min(count, JUDGED_TOKENS_SQUARED * sum(fits) // max(1, squared)))


def _by_length(task: Task) -> list[Pair]:
    return sorted([pair for pair in task.test if pair.links or pair.possible] or task.test, key=_words)


def _spread(pairs: Sequence[Pair], count: int) -> list[Pair]:
    """`count` of the pairs at equal distances, without the two ends; all pairs if there are not more."""
    count = min(count, len(pairs))
    return [pairs[(i + 1) * len(pairs) // (count + 1)] for i in range(count)]


def _words(pair: Pair) -> int:
    return len(words_of(pair.source))


def _tokens(task: Task, pair: Pair) -> tuple[int, int]:
    """Tokens of the source and of the target."""
    return len(task.source.encode(pair.source)), len(task.target.encode(pair.target))
