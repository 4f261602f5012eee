"""Matrix products on the CPU: which library computes them, and whether their operands are rounded to bf16.

torch has two libraries. MKL computes products of float32, but does not use AVX-512 on processors that are not Intel's.
torch asks oneDNN only in the mode `bf16` (its `fp32_precision`). In this mode oneDNN rounds the operands if the
processor has AMX. Otherwise it computes in float32, with AVX-512.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

SMALL = 2**20  # multiply-adds; to start oneDNN, or to convert the operands, takes longer than it saves for fewer

_rounded = False


@contextmanager
def rounding(rounded: bool) -> Iterator[None]:
    """In this context, the operands of large products are rounded to bf16, or not."""
    global _rounded
    before, _rounded = _rounded, rounded
    try:
        yield
    finally:
        _rounded = before


def gains(multiply_adds: int) -> bool:
    """Whether a product with this many multiply-adds is quicker in some other way than torch's own."""
    return multiply_adds >= SMALL and (_rounded or _onednn_is_exact())


def operand(matrix: Tensor, rows: int) -> Tensor:
    """The right factor of products whose left factor has this many rows: rounded, if they are large."""
    return matrix.bfloat16() if _rounded and rows * matrix.numel() >= SMALL else matrix


def quick(multiply_adds: int) -> AbstractContextManager[None]:
    """The context in which products of float32 with this many multiply-adds each are quickest."""
    return _onednn() if multiply_adds >= SMALL and _onednn_is_exact() else nullcontext()


def product(left: Tensor, right: Tensor, out: Tensor | None = None) -> Tensor:
    """left @ right in float32 by the quicker library, where `right` is an `operand`."""
    if right.dtype is torch.float32:
        with quick(len(left) * right.numel()):
            return torch.mm(left, right) if out is None else torch.mm(left, right, out=out)
    rounded = left.to(right.dtype) @ right
    return rounded.float() if out is None else out.copy_(rounded)


@contextmanager
def _onednn() -> Iterator[None]:
    settings: Any = torch.backends.mkldnn.matmul  # pyright: ignore[reportAttributeAccessIssue]
    before, settings.fp32_precision = settings.fp32_precision, "bf16"
    try:
        yield
    finally:
        settings.fp32_precision = before


@cache
def _onednn_is_exact() -> bool:
    """Whether oneDNN is quicker than MKL and computes in float32 in the mode `bf16`: AVX-512, no AMX, not Intel's."""
    if torch.backends.cpu.get_cpu_capability() != "AVX512" or torch.cpu._is_amx_tile_supported():
        return False
    try:
        return "GenuineIntel" not in Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False
