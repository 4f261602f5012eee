"""Sentence pairs drawn at random: three disjoint sets that a seed decides, and a fourth of longer sentences."""

import math
from collections.abc import Callable
from random import Random

from attnbench.errors import UserError
from attnbench.tasks.task import Pair


def draw_sets(
    sample: Callable[[Random, int, int], Pair],
    shortest: int,
    longest: int,
    *,
    train: int,
    validation: int,
    test: int,
    beyond: int,
    seed: int,
    sources: Callable[[int, int], float] = lambda shortest, longest: math.inf,
) -> dict[str, list[Pair]]:
    """The sets `train`, `validation`, `test` and `beyond`, of these sizes; no source is in two, or twice in one.

    Args:
        sample: draws a pair whose length is between two numbers, both included.
        shortest, longest: lengths in the first three sets; in `beyond` they go on, up to twice the longest.
        train, validation, test, beyond: pairs in each set.
        seed: of the draws.
        sources: how many different ones `sample` can draw between two lengths.

    Raises:
        UserError: a set without a pair, other than `beyond`, or more pairs than sources.
    """
    # The test set first: it stays the same when the size of the training set is varied.
    sizes = {"test": test, "validation": validation, "train": train}
    for key, size in sizes.items():
        _check(key, size, 1)
    _check("beyond", beyond, 0)
    _check_room("train", train, "with the other sets ", sum(sizes.values()), sources(shortest, longest))
    _check_room("beyond", beyond, "", beyond, sources(longest + 1, 2 * longest))
    rng, seen = Random(seed), set[str]()
    sets = {key: _distinct(lambda: sample(rng, shortest, longest), size, seen) for key, size in sizes.items()}
    # By numbers of its own, or a longer sentence would begin as a shorter one does, and depend on how many there are.
    further = Random(f"beyond {seed}")
    return sets | {"beyond": _distinct(lambda: sample(further, longest + 1, 2 * longest), beyond, set())}


def _check(key: str, size: int, least: int) -> None:
    # Hydra passes on whatever was typed.
    if not isinstance(size, int) or size < least:
        raise UserError(f"task.{key}={size}: " + ("at least one pair is needed" if least else "must be 0 or more"))


def _check_room(key: str, size: int, others: str, pairs: int, sources: float) -> None:
    if pairs > sources:
        raise UserError(
            f"task.{key}={size}: {others}{pairs} different sentences, of which there are {sources}; "
            "make the sets smaller, or the sentences longer"
        )


def _distinct(sample: Callable[[], Pair], size: int, seen: set[str]) -> list[Pair]:
    """`size` pairs whose source is not among those `seen`, which grows by them."""
    pairs: list[Pair] = []
    while len(pairs) < size:
        pair = sample()
        if pair.source not in seen:
            seen.add(pair.source)
            pairs.append(pair)
    return pairs
