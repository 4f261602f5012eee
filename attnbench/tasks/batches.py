"""Batches of sentences with similar length, in an order that depends only on the seed."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from attnbench.generator_seed import generator_seed
from attnbench.tasks.task import BOS, EOS, PAD, Pair, Task

POOL = 50  # batches that are sorted by length together. Padding is small, and the order is still random.
# Sentences of a batch in evaluation, times the square of its longest sentence. Attention keeps as many weights for each
# head. A full batch of ordinary sentences is far below: 256 sentences may have 256 tokens each.
MOST_WEIGHTS = 2**24


@dataclass(frozen=True)
class Batch:
    """Padded ids: source `(B, S)` and its lengths `(B,)`; target `(B, T)` with `<s>` first; `expected` `(B, T)`.

    `expected` is the target one step ahead, with `</s>` last. `rows` are the positions of the sentences in their set.
    `target_tokens` counts the target tokens without padding. It includes the end of each sentence.
    """

    source: Tensor
    lengths: Tensor
    target: Tensor
    expected: Tensor
    rows: list[int]
    target_tokens: int

    def to(self, device: torch.device) -> "Batch":
        """The same batch on a device."""
        tensors = {name: getattr(self, name).to(device) for name in ("source", "lengths", "target", "expected")}
        return replace(self, **tensors)


class Batches:
    """One set of a task as ids, cut into batches.

    Args:
        task: its vocabularies are used.
        pairs: the set.
        size: of a batch, in sentences.
        device: of the batches.
        tokens: if given, the batches of training have as many sentences as fit in so many tokens, and not `size`.
            The tokens are those of the longer side, with padding. A longer sentence is a batch of its own. The batches
            are the same in each epoch; their order is not.
    """

    def __init__(
        self, task: Task, pairs: Sequence[Pair], size: int, device: torch.device, *, tokens: int | None = None
    ) -> None:
        # The source ends in </s>, so that no sentence is empty and the decoder can attend to the end.
        self.pairs = pairs
        self.source = [[*task.source.encode(pair.source), EOS] for pair in pairs]
        self.target = [task.target.encode(pair.target) for pair in pairs]
        self.size, self.device = size, device
        self.fixed = None if tokens is None else list(self._cut(lambda count, longest: count * longest > tokens))

    def __len__(self) -> int:
        """The number of batches in an epoch."""
        return len(self.fixed) if self.fixed else -(-len(self.source) // self.size)

    def shuffled(self, seed: int, epoch: int) -> Iterator[Batch]:
        """One epoch in random order. Sentences with similar length are in the same batch."""
        generator = torch.Generator().manual_seed(generator_seed(seed * 100_003 + epoch))
        groups = self.fixed or self._drawn(generator)
        for index in torch.randperm(len(groups), generator=generator).tolist():
            yield self._batch(groups[index])

    def in_order(self) -> Iterator[Batch]:
        """Every sentence once, shortest first. Where sentences are long, a batch has fewer of them."""
        groups = self._cut(lambda count, longest: count > self.size or count * longest**2 > MOST_WEIGHTS)
        yield from map(self._batch, groups)

    def typical(self) -> Batch:
        """The batch in the middle of the lengths. The cost of a step is measured on it."""
        if self.fixed:
            return self._batch(self.fixed[len(self.fixed) // 2])
        rows = self._sorted(range(len(self.source)))
        start = max(0, (len(rows) - self.size) // 2)
        return self._batch(rows[start : start + self.size])

    def _sorted(self, rows: Iterable[int]) -> list[int]:
        return sorted(rows, key=lambda row: (len(self.source[row]), len(self.target[row]), row))

    def _length(self, row: int) -> int:
        """Tokens of the longer side, with the end."""
        return max(len(self.source[row]), len(self.target[row]) + 1)

    def _drawn(self, generator: torch.Generator) -> list[list[int]]:
        """Batches of sentences that are drawn anew for each epoch."""
        order = torch.randperm(len(self.source), generator=generator).tolist()
        pool = self.size * POOL
        pools = [self._sorted(order[start : start + pool]) for start in range(0, len(order), pool)]
        return [rows[start : start + self.size] for rows in pools for start in range(0, len(rows), self.size)]

    def _cut(self, too_large: Callable[[int, int], bool]) -> Iterator[list[int]]:
        """All sentences in batches, shortest first. `too_large` is asked for the number of sentences of a batch and the
        length of the longest one.
        """
        group, longest = list[int](), 0
        for row in self._sorted(range(len(self.source))):
            longest = max(longest, self._length(row))
            if group and too_large(len(group) + 1, longest):
                yield group
                group, longest = [], self._length(row)
            group.append(row)
        if group:
            yield group

    def _batch(self, rows: list[int]) -> Batch:
        source = [self.source[row] for row in rows]
        return Batch(
            source=_pad(source),
            lengths=torch.tensor([len(ids) for ids in source]),
            target=_pad([[BOS, *self.target[row]] for row in rows]),
            expected=_pad([[*self.target[row], EOS] for row in rows]),
            rows=rows,
            target_tokens=sum(len(self.target[row]) + 1 for row in rows),
        ).to(self.device)


def typical_batch(task: Task, size: int, tokens: int | None, device: torch.device) -> Batch:
    """The batch of a training on which the cost of a step is measured; see `Batches`."""
    return Batches(task, task.train, size, device, tokens=tokens).typical()


def _pad(rows: list[list[int]]) -> Tensor:
    width = max(map(len, rows))
    return torch.tensor([row + [PAD] * (width - len(row)) for row in rows])
