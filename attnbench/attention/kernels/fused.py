"""The fused kernel: a score's feature maps, then `F.scaled_dot_product_attention` on them."""

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

MULTIPLE = 8  # of which a width must be, for the library's kernels on a GPU to take it


class FusedKernel:
    """Every score that is a dot product of feature maps, softly selected; the T × S matrix is left to the library."""

    name = "fused"

    def refusal(self, spec: AttentionSpec) -> str | None:
        if not spec.score.factored:
            return f"{type(spec.score).__name__} is not a dot product of feature maps"
        if spec.scope.local:
            return f"{type(spec.scope).__name__} shows each query keys of its own"
        if not isinstance(spec.selection, Soft):
            return f"{type(spec.selection).__name__} needs the scores themselves"
        if spec.want_weights:
            return "the weights are wanted, and it never holds them"
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
        if offset or (dropout and value.device.type == "cpu"):  # where the library would hold the T × S matrix
            return attend_in_blocks(spec, spec.score.compare, 1, inputs)
        # Where features and values differ in width, it would too.
        width = _common_width(query.shape[-1], value.shape[-1], value.device)
        attend = functools.partial(
            F.scaled_dot_product_attention,
            *(_widened(states, width) for states in (query, key, value)),
            dropout_p=dropout,
            scale=1.0,
        )
        if view.lengths is None and (not view.causal or query.shape[2] > 1):
            return Attended(attend(is_causal=view.causal)[..., : value.shape[-1]])
        mask = view.mask(query.shape[2], query.device)
        # A row with nothing to attend has no softmax: let it attend everything, then drop what it found.
        empty = ~mask.any(-1, keepdim=True)
        return Attended(attend(attn_mask=mask | empty)[..., : value.shape[-1]].masked_fill(empty, 0.0))


def _dropout(spec: AttentionSpec) -> float:
    assert isinstance(spec.selection, Soft)
    return spec.selection.dropout if spec.selection.training else 0.0


def _common_width(features: int, width: int, device: torch.device) -> int:
    multiple = MULTIPLE if device.type == "cuda" else 1
    return -(-max(features, width) // multiple) * multiple


def _widened(states: Tensor, width: int) -> Tensor:
    """`states` with zeros behind, which add nothing to a dot product."""
    missing = width - states.shape[-1]
    return F.pad(states, (0, missing)) if missing else states
