"""Batches of sentences with similar length, in an order that depends only on the seed."""

from collections.abc import Iterator, Sequence
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
    """One set of a task as ids, cut into batches of `size` sentences."""

    def __init__(self, task: Task, pairs: Sequence[Pair], size: int, device: torch.device) -> None:
        # The source ends in </s>, so that no sentence is empty and the decoder can attend to the end.
        self.pairs = pairs
        self.source = [[*task.source.encode(pair.source), EOS] for pair in pairs]
        self.target = [task.target.encode(pair.target) for pair in pairs]
        self.size, self.device = size, device

    def __len__(self) -> int:
        """The number of batches in an epoch."""
        return -(-len(self.source) // self.size)

    def shuffled(self, seed: int, epoch: int) -> Iterator[Batch]:
        """One epoch in random order. Sentences with similar length are in the same batch."""
        generator = torch.Generator().manual_seed(generator_seed(seed * 100_003 + epoch))
        order = torch.randperm(len(self.source), generator=generator).tolist()
        pool = self.size * POOL
        groups = [
            group
            for start in range(0, len(order), pool)
            for group in self._cut(self._sorted(order[start : start + pool]))
        ]
        for index in torch.randperm(len(groups), generator=generator).tolist():
            yield self._batch(groups[index])

    def in_order(self) -> Iterator[Batch]:
        """Every sentence once, shortest first. Where sentences are long, a batch has fewer of them."""
        group, longest = list[int](), 0
        for row in self._sorted(list(range(len(self.source)))):
            longest = max(longest, self._length(row))
            if group and (len(group) == self.size or (len(group) + 1) * longest**2 > MOST_WEIGHTS):
                yield self._batch(group)
                group, longest = [], self._length(row)
            group.append(row)
        if group:
            yield self._batch(group)

    def typical(self) -> Batch:
        """The batch in the middle of the lengths. The cost of a step is measured on it."""
        rows = self._sorted(list(range(len(self.source))))
        start = max(0, (len(rows) - self.size) // 2)
        return self._batch(rows[start : start + self.size])

    def _sorted(self, rows: list[int]) -> list[int]:
        return sorted(rows, key=lambda row: (len(self.source[row]), len(self.target[row]), row))

    def _length(self, row: int) -> int:
        """Tokens of the longer side, with the end."""
        return max(len(self.source[row]), len(self.target[row]) + 1)

    def _cut(self, rows: list[int]) -> list[list[int]]:
        return [rows[start : start + self.size] for start in range(0, len(rows), self.size)]

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


def _pad(rows: list[list[int]]) -> Tensor:
    width = max(map(len, rows))
    return torch.tensor([row + [PAD] * (width - len(row)) for row in rows])
