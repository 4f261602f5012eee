"""Sentence pairs drawn at random: three disjoint sets that a seed decides."""

import math
from collections.abc import Callable
from random import Random

from attnbench.errors import UserError
from attnbench.tasks.task import Pair


def disjoint(
    sample: Callable[[Random], Pair], *, train: int, validation: int, test: int, seed: int, sources: float = math.inf
) -> dict[str, list[Pair]]:
    """The sets `train`, `validation` and `test`, of these sizes; no source occurs twice, in one set or across sets.

    Args:
        sample: draws a pair.
        train, validation, test: pairs in each set.
        seed: of the draws.
        sources: how many different ones `sample` can draw.

    Raises:
        UserError: a set without a pair, or more pairs than sources.
    """
    # The test set first: it stays the same when the size of the training set is varied.
    sizes = {"test": test, "validation": validation, "train": train}
    for key, size in sizes.items():
        # Hydra passes on whatever was typed.
        if not isinstance(size, int) or size < 1:
            raise UserError(f"task.{key}={size}: at least one pair is needed")
    if (pairs := sum(sizes.values())) > sources:
        raise UserError(
            f"task.train={train}: with the other sets {pairs} different sentences, of which there are {sources}; "
            "make the sets smaller, or the sentences longer"
        )
    rng, seen = Random(seed), set[str]()
    return {key: _distinct(sample, rng, size, seen) for key, size in sizes.items()}


def _distinct(sample: Callable[[Random], Pair], rng: Random, size: int, seen: set[str]) -> list[Pair]:
    """`size` pairs whose source is not among those `seen`, which grows by them."""
    pairs: list[Pair] = []
    while len(pairs) < size:
        pair = sample(rng)
        if pair.source not in seen:
            seen.add(pair.source)
            pairs.append(pair)
    return pairs
