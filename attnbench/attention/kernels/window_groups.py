"""Groups of queries with nearby windows. Each group is compared with one short range of keys."""

from collections.abc import Sequence

import torch
from torch import Tensor

from attnbench.attention.kernels.kernel import Inputs
from attnbench.attention.kernels.tile_computation import Operands, Tile


class WindowGroups:
    """A tiling: groups of up to `stride` queries.

    Each group is compared with the `stride + 2 D` keys that its windows of ±D can reach. Positions are divided into
    buckets of `stride` positions, and all windows of a group begin in the same bucket. The queries of a bucket fill as
    many groups as they need. There are at most T / stride + S / stride groups, for any windows, so the cost is linear.

    Each group has `stride` slots. A slot without a query sees no key. It reads and writes the row of query 0, but it
    adds nothing.

    Index tensors are `(B * G, H or 1, ·)` for G groups per sentence. They have H if each head has its own windows.
    `sequence` counts the heads of all sentences.
    """

    keep_softmax = True  # its size is linear in T, and keeping it saves a third of the work of the backward pass

    def __init__(self, inputs: Inputs, stride: int, budget: int) -> None:
        view, device = inputs.view, inputs.value.device
        assert view.centre is not None
        batch, heads, self.queries, _ = inputs.query_features.shape
        self.size, width = view.size, stride + 2 * view.window
        centre = view.centre.detach().expand(batch, -1, self.queries)
        self.query_index, filled, first_keys = _group_queries(centre, view.window, stride, self.size)
        groups = len(self.query_index) // batch
        sentence = torch.arange(batch, device=device).repeat_interleave(groups)[:, None, None]
        self.centre_sentence = sentence if len(view.centre) > 1 else sentence * 0
        self.centre_head = torch.arange(view.centre.shape[1], device=device)[:, None]
        self.sequence = sentence * heads + torch.arange(heads, device=device)[:, None]
        visible = view.visible(self.queries, device).expand(batch, 1, self.queries)
        self.visible = visible[sentence, 0, self.query_index].masked_fill(~filled, 0)
        self.positions = first_keys + torch.arange(width, device=device)
        self.groups_per_tile = max(1, budget // (heads * stride * width))
        self.count = -(-len(self.query_index) // self.groups_per_tile)

    def read_tile(self, index: int, operands: Operands) -> Tile:
        groups = self._groups(index)
        query, key, value = (
            _gather(tensor, rows) for tensor, rows in zip(operands[:3], self._rows(index), strict=True)
        )
        centre = None if operands.centre is None else operands.centre[self._centre_index(index)]
        return Tile(Operands(query, key, value, centre), self.positions[groups][:, :, None], self.visible[groups])

    def add_gradients(self, index: int, parts: Sequence[Tensor | None], wholes: Sequence[Tensor | None]) -> None:
        for part, whole, rows in zip(parts[:3], wholes[:3], self._rows(index), strict=True):
            if part is not None and whole is not None:
                _scatter_add(part, whole, rows)
        if parts[3] is not None and wholes[3] is not None:
            wholes[3].index_put_(self._centre_index(index), parts[3], accumulate=True)

    def write_result(self, index: int, part: Tensor, whole: Tensor) -> None:
        _scatter_add(part, whole, self._rows(index)[0])

    def select_queries(self, index: int, whole: Tensor) -> Tensor:
        return _gather(whole, self._rows(index)[0])

    def _groups(self, index: int) -> slice:
        return slice(index * self.groups_per_tile, (index + 1) * self.groups_per_tile)

    def _rows(self, index: int) -> tuple[Tensor, Tensor, Tensor]:
        """The rows of the queries, keys and values of a tile, in tensors with sentences and heads flattened."""
        groups = self._groups(index)
        keys = self.sequence[groups] * self.size + self.positions[groups].clamp(0, self.size - 1)
        return self.sequence[groups] * self.queries + self.query_index[groups], keys, keys

    def _centre_index(self, index: int) -> tuple[Tensor, Tensor, Tensor]:
        """The index of the centres of a tile's windows."""
        groups = self._groups(index)
        return self.centre_sentence[groups], self.centre_head, self.query_index[groups]


def _group_queries(centre: Tensor, window: int, stride: int, size: int) -> tuple[Tensor, Tensor, Tensor]:
    """Groups queries by the `centre` `(B, H, T)` of their windows.

    Returns:
        The query in each slot and whether the slot is filled, `(B * G, H, stride)`; the position of the first key of
        each group, `(B * G, H, 1)`.
    """
    *sentences, queries = centre.shape
    lowest = (-1 - window) // stride  # a centre is between -1 (in an empty sentence) and the size
    buckets = (size - window) // stride - lowest + 1
    bucket = torch.floor((centre - window) / stride).long() - lowest
    counts = bucket.new_zeros(*sentences, buckets).scatter_add_(-1, bucket, torch.ones_like(bucket))
    groups_per_bucket = (counts + stride - 1) // stride
    group_ends = groups_per_bucket.cumsum(-1)
    groups = int(group_ends[..., -1].max())
    order = bucket.argsort(stable=True, dim=-1)
    sorted_bucket = bucket.gather(-1, order)
    rank = torch.arange(queries, device=centre.device) - (counts.cumsum(-1) - counts).gather(-1, sorted_bucket)
    slot = (group_ends - groups_per_bucket).gather(-1, sorted_bucket) * stride + rank
    query_index = bucket.new_zeros(*sentences, groups * stride).scatter_(-1, slot, order)
    filled = torch.zeros_like(query_index, dtype=torch.bool).scatter_(-1, slot, True)
    group = torch.arange(groups, device=centre.device).expand(*sentences, groups).contiguous()
    first_keys = (torch.searchsorted(group_ends, group, right=True).clamp_max(buckets - 1) + lowest) * stride
    query_index, filled, first_keys = (
        index.unflatten(-1, (groups, -1)).transpose(1, 2).flatten(0, 1) for index in (query_index, filled, first_keys)
    )
    return query_index, filled, first_keys


def _gather(tensor: Tensor, rows: Tensor) -> Tensor:
    """Reads the `rows` `(..., n)` of a contiguous tensor with last axis F, as `(..., n, F)`."""
    return tensor.view(-1, tensor.shape[-1]).index_select(0, rows.flatten()).unflatten(0, rows.shape)


def _scatter_add(part: Tensor, whole: Tensor, rows: Tensor) -> None:
    """The inverse of `_gather`. If a row occurs several times, its parts are added up."""
    whole.view(-1, whole.shape[-1]).index_add_(0, rows.flatten(), part.reshape(-1, part.shape[-1]))
