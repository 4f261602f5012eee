"""Synthetic diagnostics. Each tests one ability. The share of sentences without a mistake shows which model has it.

The words are symbols, and the source determines the target. The links give the source word of each target word.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from random import Random
from string import ascii_lowercase
from typing import Literal

from attnbench.errors import UserError
from attnbench.tasks.random_sets import draw_sets
from attnbench.tasks.task import Pair, Task
from attnbench.tasks.vocabulary import WordVocabulary

ASK = "?"  # stands between the pairs and the keys that are asked
LONGEST = 10_000  # words of a sentence
MOST_WORDS = 1_000_000  # of a vocabulary

# Each function takes the numbers of a source. It returns the source positions in the order of the target.
ORDERS: dict[str, Callable[[list[int]], Sequence[int]]] = {
    "copy": lambda numbers: range(len(numbers)),
    "reverse": lambda numbers: range(len(numbers))[::-1],
    "sort": lambda numbers: sorted(range(len(numbers)), key=numbers.__getitem__),
}


def reorder(
    order: Literal["copy", "reverse", "sort"],
    length: int,
    words: int,
    train: int,
    validation: int,
    test: int,
    beyond: int,
    seed: int,
) -> Task:
    """The target has the numbers of the source in the same, reversed or ascending order. Sorting is stable.

        source  7 3 9 3
        copy    7 3 9 3     links 0-0 1-1 2-2 3-3
        reverse 3 9 3 7     links 3-0 2-1 1-2 0-3
        sort    3 3 7 9     links 1-0 3-1 0-2 2-3

    Args:
        order: the order of the target.
        length: numbers in the longest source; the shortest has half as many.
        words: how many different numbers there are; they start at 0.
        train, validation, test: pairs in each set; no source occurs twice.
        beyond: further test pairs, with length + 1 to 2 · length numbers.
        seed: the seed of the sentences.

    Raises:
        UserError: a value is out of range, or the sets need more pairs than there are different sources.
    """
    if order not in ORDERS:
        raise UserError(f"task.order={order}: must be {', '.join(ORDERS)}")
    _within(1, LONGEST, "length", length)
    _within(2, MOST_WORDS, "task.words", words)

    def sample(rng: Random, shortest: int, longest: int) -> Pair:
        numbers = [rng.randrange(words) for _ in range(rng.randint(shortest, longest))]
        return _pair([str(number) for number in numbers], ORDERS[order](numbers))

    def sources(shortest: int, longest: int) -> int:
        return sum(words**size for size in range(shortest, longest + 1))

    sizes = {"train": train, "validation": validation, "test": test, "beyond": beyond}
    sets = draw_sets(sample, (length + 1) // 2, length, seed=seed, sources=sources, **sizes)
    vocabulary = WordVocabulary([str(number) for number in range(words)], tokenized=True)
    return Task(order, vocabulary, vocabulary, bleu={"tokenize": "none"}, gold="task", **sets)


def recall(length: int, keys: int, values: int, train: int, validation: int, test: int, beyond: int, seed: int) -> Task:
    """Multi-query associative recall (Arora et al. 2023): pairs of a key and its value, then each key is asked once.

        source  a 3 b 7 c 3 ? b c a
        target  b 7 c 3 a 3
        links   7-0 3-1 8-2 5-3 9-4 1-5

    In the target, each value follows its key. The original is similar: it predicts a value while it reads the key. One
    attention step over the source is therefore enough for each target word. If the target had only values, a word would
    need two attention steps: first to the key that is asked, then to the value after the same key. No RNN decoder here
    attends twice for one word.

    Args:
        length: words in the longest source: three words for each pair, and one mark. The shortest has half as many
            pairs.
        keys: how many different keys there are; no key occurs twice in the pairs of a sentence.
        values: how many different values there are; they start at 0.
        train, validation, test: pairs of sentences in each set; no source occurs twice.
        beyond: further test pairs, with more keys than the longest source, up to twice as many. There are none if
            the longest source has all keys.
        seed: the seed of the sentences.

    Raises:
        UserError: a value is out of range, or the sets need more pairs of sentences than there are different sources.
    """
    _within(4, LONGEST, "length", length)
    _within(2, MOST_WORDS, "task.values", values)
    most = (length - 1) // 3
    if keys < most:
        raise UserError(f"task.keys={keys}: length={length} needs {most} different keys; set {most} or more")
    names = _letters(keys)

    def sample(rng: Random, fewest: int, most: int) -> Pair:
        held = rng.sample(names, rng.randint(fewest, min(most, keys)))
        pairs = [word for key in held for word in (key, str(rng.randrange(values)))]
        asked = rng.sample(range(len(held)), len(held))
        read = [position for query, i in enumerate(asked, start=len(pairs) + 1) for position in (query, 2 * i + 1)]
        return _pair([*pairs, ASK, *(held[i] for i in asked)], read)

    def sources(fewest: int, most: int) -> int:
        sizes = range(fewest, most + 1)
        return sum(math.perm(keys, size) * values**size * math.factorial(size) for size in sizes)

    sizes = {"train": train, "validation": validation, "test": test, "beyond": beyond if keys > most else 0}
    sets = draw_sets(sample, (most + 1) // 2, most, seed=seed, sources=sources, **sizes)
    answers = [str(value) for value in range(values)]
    source = WordVocabulary([*names, *answers, ASK], tokenized=True)
    target = WordVocabulary([*names, *answers], tokenized=True)
    return Task("recall", source, target, bleu={"tokenize": "none"}, gold="task", **sets)


def _pair(source: Sequence[str], read: Sequence[int]) -> Pair:
    """A source, and the target that has the source words at the positions `read`."""
    target = [source[position] for position in read]
    return Pair(" ".join(source), " ".join(target), tuple((position, index) for index, position in enumerate(read)))


def _letters(count: int) -> list[str]:
    """a to z, then aa, ab, and so on, like the columns of a spreadsheet."""
    sizes = itertools.count(1)
    names = itertools.chain.from_iterable(itertools.product(ascii_lowercase, repeat=size) for size in sizes)
    return ["".join(name) for name in itertools.islice(names, count)]


def _within(least: int, most: int, key: str, value: int) -> None:
    # Hydra does not check the type of a value.
    if not isinstance(value, int) or not least <= value <= most:
        raise UserError(f"{key}={value}: must be {least} to {most}")
