"""From sentence pairs to a task: held-out sets, both vocabularies, and how BLEU is computed."""

import hashlib
from collections.abc import Sequence
from functools import partial

from attnbench.errors import UserError
from attnbench.tasks.task import Pair, Task
from attnbench.tasks.vocabulary import Segmentation

FEWEST_BEYOND = 10  # the smallest size of the set `beyond`; a score of fewer sentences would say nothing


def assemble(
    name: str,
    sets: tuple[Sequence[Pair], Sequence[Pair], Sequence[Pair]],
    *,
    segmentation: Segmentation,
    max_length: int,
    max_pairs: int | None,
    joint_vocabulary: bool,
    lowercase: bool,
    tokenized: bool,
    bleu_tokenize: str,
    gold: str | None = None,
) -> Task:
    """Makes a task from `sets`: (train, validation, test).

    At most `max_pairs` pairs are used for training. They are drawn by the hash of their source, so that a smaller draw
    is a subset of a larger one. The vocabularies are built from them. With `joint_vocabulary`, both sides have one
    vocabulary of the text of both. Then pairs with more than `max_length` tokens on either side are left out.
    Validation and test sets keep all pairs. Test sentences whose source has more tokens than every training source also
    form the set `beyond`, if there are enough. If the text is `tokenized`, BLEU compares its words as they are.
    Otherwise sacreBLEU splits the text with `bleu_tokenize`. `gold` is the file with the gold links
    of the test set.

    Raises:
        UserError: no pair is left to train on, or a value is out of range.
    """
    train, validation, test = sets
    _at_least_one(max_length=max_length, max_pairs=max_pairs)
    train = _draw(train, max_pairs)
    sides = [pair.source for pair in train], [pair.target for pair in train]
    build = partial(segmentation, lowercase=lowercase, tokenized=tokenized)
    source, target = [build([*sides[0], *sides[1]])] * 2 if joint_vocabulary else map(build, sides)
    short = [
        pair
        for pair in train
        if len(source.encode(pair.source)) <= max_length and len(target.encode(pair.target)) <= max_length
    ]
    if not short:
        raise UserError(f"task.max_length={max_length}: each of the {len(train)} training pairs of {name} is longer")
    longest = max(len(source.encode(pair.source)) for pair in short)
    longer = [pair for pair in test if len(source.encode(pair.source)) > longest]
    beyond = longer if len(longer) >= FEWEST_BEYOND else ()
    bleu = {"tokenize": "none" if tokenized else bleu_tokenize, "lowercase": lowercase}
    return Task(name, source, target, short, validation, test, bleu, beyond, gold)


def hold_out(pairs: Sequence[Pair], *counts: int) -> tuple[list[Pair], ...]:
    """Returns the training pairs, followed by one held-out set for each of `counts`.

    Source sentences are ranked by a hash of their text, without case. A held-out set is a range of this ranking. The
    order of the lines in the file thus has no influence. If lines are added later, most sentences stay in their sets.
    No source sentence is in two sets. A held-out sentence is scored once: its first translation is kept, and the other
    translations are in no set.

    Raises:
        UserError: a count is less than 1, or no pair would be left to train on.
    """
    firsts: dict[bytes, Pair] = {}
    for pair in pairs:
        firsts.setdefault(_rank(pair), pair)
    if min(counts) < 1 or sum(counts) >= len(firsts):
        raise UserError(
            f"held-out sets of {' and '.join(map(str, counts))} sentences (task.validation, task.test): each needs at "
            f"least one, and at least one of the {len(firsts)} distinct source sentences must be left to train on"
        )
    ranking = sorted(firsts)
    sets, start = [], 0
    for count in counts:
        sets.append([firsts[rank] for rank in ranking[start : start + count]])
        start += count
    held_out = set(ranking[:start])
    return [pair for pair in pairs if _rank(pair) not in held_out], *sets


def sources_shared(one: Sequence[Pair], other: Sequence[Pair]) -> int:
    """Counts the pairs of `other` whose source sentence is also a source sentence of `one`. Case is ignored."""
    known = {_rank(pair) for pair in one}
    return sum(_rank(pair) in known for pair in other)


def _draw(pairs: Sequence[Pair], count: int | None) -> Sequence[Pair]:
    if count is None or count >= len(pairs):
        return pairs
    drawn = set(sorted(range(len(pairs)), key=lambda i: (_rank(pairs[i]), i))[:count])
    return [pair for i, pair in enumerate(pairs) if i in drawn]


def _rank(pair: Pair) -> bytes:
    # Sentences that differ only in their white space are the same sentence.
    return hashlib.sha256(" ".join(pair.source.split()).casefold().encode()).digest()


def _at_least_one(**values: int | None) -> None:
    for key, value in values.items():
        if value is not None and value < 1:
            raise UserError(f"task.{key}={value}: must be 1 or more")
