"""Queries grouped by where they look, so that each group is compared with one short stretch of keys."""

from collections.abc import Sequence

import torch
from torch import Tensor

from attnbench.attention.kernels.kernel import Inputs
from attnbench.attention.kernels.tile_computation import Operands, Tile


class WindowGroups:
    """A tiling: groups of up to `stride` queries, each before the `stride + 2 D` keys that its windows of ±D can reach.

    The windows of a group begin in the same stretch of `stride` positions. The queries of a stretch fill as many groups
    as they need, so there are at most T / stride + S / stride of them, wherever the windows lie: the cost is linear.
    A slot that no query fills sees no key: it reads and gives to query 0, but adds nothing.

    Indices are `(B * G, H or 1, ·)`, for G groups to a sentence; H where each head has windows of its own. `row` counts
    through the heads of all sentences.
    """

    keep = True  # linear in T, and a third less to do on the way back

    def __init__(self, inputs: Inputs, stride: int, budget: int) -> None:
        view, device = inputs.view, inputs.value.device
        assert view.centre is not None
        batch, heads, self.queries, _ = inputs.query_features.shape
        self.size, width = view.size, stride + 2 * view.window
        centre = view.centre.detach().expand(batch, -1, self.queries)
        self.slots, filled, starts = _grouped(centre, view.window, stride, self.size)
        groups = len(self.slots) // batch
        sentence = torch.arange(batch, device=device).repeat_interleave(groups)[:, None, None]
        self.in_centre = sentence if len(view.centre) > 1 else sentence * 0
        self.heads_of_centre = torch.arange(view.centre.shape[1], device=device)[:, None]
        self.row = sentence * heads + torch.arange(heads, device=device)[:, None]
        visible = view.visible(self.queries, device).expand(batch, 1, self.queries)
        self.visible = visible[sentence, 0, self.slots].masked_fill(~filled, 0)
        self.positions = starts + torch.arange(width, device=device)
        self.groups = max(1, budget // (heads * stride * width))  # to a tile
        self.count = -(-len(self.slots) // self.groups)

    def take(self, tile: int, operands: Operands) -> Tile:
        part = self._slice(tile)
        query, key, value = (_fetch(tensor, rows) for tensor, rows in zip(operands[:3], self._rows(tile), strict=True))
        centre = None if operands.centre is None else operands.centre[self._places(tile)]
        return Tile(Operands(query, key, value, centre), self.positions[part][:, :, None], self.visible[part])

    def add(self, tile: int, parts: Sequence[Tensor | None], wholes: Sequence[Tensor | None]) -> None:
        for part, whole, rows in zip(parts[:3], wholes[:3], self._rows(tile), strict=True):
            if part is not None and whole is not None:
                _add(part, whole, rows)
        if parts[3] is not None and wholes[3] is not None:
            wholes[3].index_put_(self._places(tile), parts[3], accumulate=True)

    def put(self, tile: int, part: Tensor, whole: Tensor) -> None:
        _add(part, whole, self._rows(tile)[0])

    def cut(self, tile: int, whole: Tensor) -> Tensor:
        return _fetch(whole, self._rows(tile)[0])

    def _slice(self, tile: int) -> slice:
        return slice(tile * self.groups, (tile + 1) * self.groups)

    def _rows(self, tile: int) -> tuple[Tensor, Tensor, Tensor]:
        """Where the queries, keys and values of a tile lie, if sentences and heads are strung together."""
        part = self._slice(tile)
        keys = self.row[part] * self.size + self.positions[part].clamp(0, self.size - 1)
        return self.row[part] * self.queries + self.slots[part], keys, keys

    def _places(self, tile: int) -> tuple[Tensor, Tensor, Tensor]:
        """Where the centres of a tile's windows lie."""
        part = self._slice(tile)
        return self.in_centre[part], self.heads_of_centre, self.slots[part]


def _grouped(centre: Tensor, window: int, stride: int, size: int) -> tuple[Tensor, Tensor, Tensor]:
    """Puts queries whose windows have `centre` `(B, H, T)` into groups.

    Returns:
        The query in each slot and whether it fills it, `(B * G, H, stride)`; where the keys begin, `(B * G, H, 1)`.
    """
    *sentences, queries = centre.shape
    lowest = (-1 - window) // stride  # centres go from -1, the one of an empty sentence, to the size
    stretches = (size - window) // stride - lowest + 1
    stretch = torch.floor((centre - window) / stride).long() - lowest
    counts = stretch.new_zeros(*sentences, stretches).scatter_add_(-1, stretch, torch.ones_like(stretch))
    needed = (counts + stride - 1) // stride
    ends = needed.cumsum(-1)
    groups = int(ends[..., -1].max())
    order = stretch.argsort(stable=True, dim=-1)
    ordered = stretch.gather(-1, order)
    rank = torch.arange(queries, device=centre.device) - (counts.cumsum(-1) - counts).gather(-1, ordered)
    slot = (ends - needed).gather(-1, ordered) * stride + rank
    slots = stretch.new_zeros(*sentences, groups * stride).scatter_(-1, slot, order)
    filled = torch.zeros_like(slots, dtype=torch.bool).scatter_(-1, slot, True)
    group = torch.arange(groups, device=centre.device).expand(*sentences, groups).contiguous()
    starts = (torch.searchsorted(ends, group, right=True).clamp_max(stretches - 1) + lowest) * stride
    slots, filled, starts = (
        index.unflatten(-1, (groups, -1)).transpose(1, 2).flatten(0, 1) for index in (slots, filled, starts)
    )
    return slots, filled, starts


def _fetch(tensor: Tensor, rows: Tensor) -> Tensor:
    """Rows `(..., n)` of a contiguous tensor's last axis, `(..., n, F)`."""
    return tensor.view(-1, tensor.shape[-1]).index_select(0, rows.flatten()).unflatten(0, rows.shape)


def _add(part: Tensor, whole: Tensor, rows: Tensor) -> None:
    """The inverse of `_fetch`; what meets in a row is added up."""
    whole.view(-1, whole.shape[-1]).index_add_(0, rows.flatten(), part.reshape(-1, part.shape[-1]))
