"""Random sentence pairs: three disjoint sets, and a fourth with longer sentences. The seed determines them."""

import math
from collections.abc import Callable
from random import Random

from attnbench.errors import UserError
from attnbench.generator_seed import generator_seed
from attnbench.tasks.task import Pair

MOST_PAIRS = 10**8  # of a set
MOST_REPEATED = 10_000  # draws in a row that are known already


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
    """The sets `train`, `validation`, `test` and `beyond`, with the given sizes. No source occurs twice.

    Args:
        sample: draws a pair whose length is between two numbers, both included.
        shortest, longest: lengths in the first three sets. Sentences in `beyond` have `longest` + 1 to 2 · `longest`.
        train, validation, test, beyond: pairs in each set.
        seed: the seed of the draws.
        sources: how many different sources `sample` can draw between two lengths.

    Raises:
        UserError: a set other than `beyond` is empty, or the sets need more pairs than there are sources.
    """
    # The test set is drawn first, so that it does not depend on the size of the training set.
    sizes = {"test": test, "validation": validation, "train": train}
    for key, size in sizes.items():
        _check(key, size, 1)
    _check("beyond", beyond, 0)
    _check_room("train", train, "the three sets together need", sum(sizes.values()), sources(shortest, longest))
    _check_room("beyond", beyond, "the set needs", beyond, sources(longest + 1, 2 * longest))
    rng, seen = Random(generator_seed(seed)), set[str]()
    sets = {key: _distinct(key, lambda: sample(rng, shortest, longest), size, seen) for key, size in sizes.items()}
    # The set `beyond` has its own random numbers. With the same seed, its sentences would begin like shorter ones. With
    # the same generator, they would depend on the sizes of the other sets.
    further = Random(f"beyond {seed}")
    return sets | {"beyond": _distinct("beyond", lambda: sample(further, longest + 1, 2 * longest), beyond, set())}


def _check(key: str, size: int, least: int) -> None:
    # Hydra does not check the type of a value.
    if not isinstance(size, int) or size < least:
        raise UserError(f"task.{key}={size}: " + ("at least one pair is needed" if least else "must be 0 or more"))
    if size > MOST_PAIRS:
        raise UserError(f"task.{key}={size}: must be at most {MOST_PAIRS}, which fit into memory")


def _check_room(key: str, size: int, need: str, pairs: int, sources: float) -> None:
    if pairs > sources:
        raise UserError(
            f"task.{key}={size}: {need} {pairs} different sentences, but there are only {sources}; "
            "make the sets smaller or the sentences longer"
        )


def _distinct(key: str, sample: Callable[[], Pair], size: int, seen: set[str]) -> list[Pair]:
    """`size` pairs whose source is not in `seen`. Their sources are added to `seen`."""
    pairs: list[Pair] = []
    repeated = 0
    while len(pairs) < size:
        pair = sample()
        if pair.source not in seen:
            seen.add(pair.source)
            pairs.append(pair)
            repeated = 0
        elif (repeated := repeated + 1) == MOST_REPEATED:
            raise UserError(
                f"task.{key}={size}: after {len(pairs)} different sentences, {MOST_REPEATED:,} draws gave no new one; "
                "make the sets smaller or the sentences longer"
            )
    return pairs
