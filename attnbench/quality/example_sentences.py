"""The test sentences whose weights are kept or evaluated: the same for every mechanism, with gold links if any have
them.
"""

from collections.abc import Sequence

from attnbench.tasks.task import Pair, Task

SHOWN_WORDS = 24  # source words of the longest sentence whose weights are kept: as many as a heat map can label
# The sum of squared target lengths of the sentences by which alignments are evaluated. Implicit weights read a sentence
# once for each of its words. This bound costs about as much as sixty updates, at any length.
JUDGED_WORDS_SQUARED = 100_000


def sentences_to_show(task: Task, count: int) -> list[Pair]:
    """`count` test pairs, spread evenly over those that are short enough to show; if there are none, the shortest."""
    by_length = _by_length(task)
    return _spread([pair for pair in by_length if _words(pair) <= SHOWN_WORDS] or by_length[:count], count)


def sentences_to_judge(task: Task, count: int) -> list[Pair]:
    """`count` test pairs, spread evenly over all lengths. There are fewer if they are long, so that the time is the
    same.
    """
    by_length = _by_length(task)
    squared = sum(len(pair.target.split()) ** 2 for pair in by_length) / len(by_length)
    return _spread(by_length, min(count, max(1, int(JUDGED_WORDS_SQUARED / squared))))


def _by_length(task: Task) -> list[Pair]:
    return sorted([pair for pair in task.test if pair.links or pair.possible] or task.test, key=_words)


def _spread(pairs: Sequence[Pair], count: int) -> list[Pair]:
    """`count` of the pairs at equal distances, without the two ends; all pairs if there are not more."""
    count = min(count, len(pairs))
    return [pairs[(i + 1) * len(pairs) // (count + 1)] for i in range(count)]


def _words(pair: Pair) -> int:
    return len(pair.source.split())
