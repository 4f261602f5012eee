"""The fused kernel: it calls `F.scaled_dot_product_attention` on the feature maps of a score."""

import functools

import torch
from torch import Tensor
from torch.nn import functional as F

from attnbench.attention.kernels.kernel import (
    Attended,
    AttentionSpec,
    BackwardPasses,
    Inputs,
    InputSize,
    KernelCost,
)
from attnbench.attention.kernels.tiled import attend_in_blocks, blocks_cost
from attnbench.attention.selections import Soft

WIDTH_MULTIPLE = 8  # on a GPU, the library's kernels take only widths that are a multiple of this


class FusedKernel:
    """Computes soft attention with `F.scaled_dot_product_attention`, for scores that are dot products of feature maps.

    The library handles the T × S matrix.
    """

    name = "fused"

    def refusal(self, spec: AttentionSpec) -> str | None:
        if not spec.score.factored:
            return f"{type(spec.score).__name__} is not a dot product of feature maps"
        if spec.scope.local:
            return f"{type(spec.scope).__name__} gives each query its own window of keys"
        if not isinstance(spec.selection, Soft):
            return f"{type(spec.selection).__name__} needs the scores, and this kernel does not return them"
        if spec.want_weights:
            return "the attention weights are requested, and this kernel does not return them"
        return None

    def cost(self, spec: AttentionSpec, size: InputSize, device: torch.device) -> KernelCost:
        if _dropout(spec) and device.type == "cpu":
            return blocks_cost(spec, 1, size)
        product = 2 * _common_width(size.features, size.width, device)
        return KernelCost(size.pairs, product, product, BackwardPasses(3, 3, 2))

    def __call__(self, spec: AttentionSpec, inputs: Inputs) -> Attended:
        query, key, value, view = inputs
        dropout = _dropout(spec)
        offset = view.causal and query.shape[2] > 1 and (view.position > 0 or view.lengths is not None)
        holds_matrix = offset or (dropout and value.device.type == "cpu")  # the library would hold it here
        if holds_matrix or not spec.score.is_product(query, key):
            return attend_in_blocks(spec, spec.score.compare, 1, inputs)
        # The library would also hold it if the features and the values had different widths.
        width = _common_width(query.shape[-1], value.shape[-1], value.device)
        attend = functools.partial(
            F.scaled_dot_product_attention,
            *(_pad_to(states, width) for states in (query, key, value)),
            dropout_p=dropout,
            scale=1.0,
        )
        if view.lengths is None and (not view.causal or query.shape[2] > 1):
            return Attended(attend(is_causal=view.causal)[..., : value.shape[-1]])
        mask = view.mask(query.shape[2], query.device)
        # The softmax of a row is undefined if every key is masked. Such a row attends to all keys, and its context is
        # then set to 0.
        empty = ~mask.any(-1, keepdim=True)
        return Attended(attend(attn_mask=mask | empty)[..., : value.shape[-1]].masked_fill(empty, 0.0))


def _dropout(spec: AttentionSpec) -> float:
    assert isinstance(spec.selection, Soft)
    return spec.selection.dropout if spec.selection.training else 0.0


def _common_width(features: int, width: int, device: torch.device) -> int:
    multiple = WIDTH_MULTIPLE if device.type == "cuda" else 1
    return -(-max(features, width) // multiple) * multiple


def _pad_to(states: Tensor, width: int) -> Tensor:
    """Pads `states` with zeros to `width`. The zeros add nothing to a dot product."""
    missing = width - states.shape[-1]
    return F.pad(states, (0, missing)) if missing else states
