"""The contenders of a cost measurement: our own attention, and other implementations to compare it with.

A contender is made from `(heads, head_dim)`. This raises `UnavailableError` if the contender cannot be made on this
machine. A contender maps query, key and value to the context. The shape of each is `(B, H, n, D)`. If a contender does
not support something (for example the backward pass, or the device), it raises `NotImplementedError` when it is used.
"""

import importlib.util
import os
import shutil
import sys
from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from attnbench.attention import Attention
from attnbench.attention.heads import merge_heads, split_heads
from attnbench.attention.kernels import Kernel
from attnbench.attention.key_value import Tied
from attnbench.attention.scopes import Scope
from attnbench.attention.scores import Score
from attnbench.attention.selections import Selection
from attnbench.errors import UnavailableError


class Contender(Protocol):
    """An attention implementation. If it is an `nn.Module`, its parameters get gradients too."""

    def __call__(self, query: Tensor, key: Tensor, value: Tensor, /) -> Tensor: ...


class OwnAttention(nn.Module):
    """Calls our own attention layer on given queries, keys and values `(B, H, n, D)`."""

    def __init__(self, attention: Attention) -> None:
        super().__init__()
        self.attention = attention

    def forward(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        return self.attention.attend(query, self.attention.memory_of_key_value(key, value)).context


def attention(
    heads: int,
    head_dim: int,
    *,
    score: Callable[[int, int], Score],
    scope: Callable[[int, int], Scope],
    selection: Callable[[], Selection],
    kernel: Kernel,
) -> OwnAttention:
    """Makes our own attention: score × scope × selection, computed by a kernel. See `Attention`."""
    width = heads * head_dim
    parts = {"score": score, "scope": scope, "selection": selection, "kernel": kernel}
    return OwnAttention(Attention(width, **parts, key_value=Tied, heads=heads))


def sdpa(heads: int, head_dim: int) -> Contender:
    """PyTorch's `F.scaled_dot_product_attention`, unchanged."""
    return F.scaled_dot_product_attention


class TorchMultiheadAttention(nn.Module):
    """`torch.nn.MultiheadAttention`: SDPA with input and output projections. Its cost includes the projections."""

    def __init__(self, heads: int, head_dim: int) -> None:
        super().__init__()
        self.heads = heads
        self.attention = nn.MultiheadAttention(heads * head_dim, heads, batch_first=True)

    def forward(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        states = (merge_heads(part) for part in (query, key, value))
        return split_heads(self.attention(*states, need_weights=False)[0], self.heads)


def flex(heads: int, head_dim: int) -> Contender:
    """FlexAttention, compiled. On the CPU, PyTorch has no backward pass for it. That result is `unsupported`."""
    compiler = os.environ.get("CXX", "clang++" if sys.platform == "darwin" else "g++")  # the compiler that PyTorch uses
    if shutil.which(compiler) is None:
        raise UnavailableError(f"contender=flex: needs a compiler; install {compiler}, or set CXX to another compiler")
    from torch.nn.attention.flex_attention import flex_attention

    # It is compiled once for all lengths, because a compilation takes many seconds.
    return torch.compile(flex_attention, dynamic=True)


def local_attention(heads: int, head_dim: int, window: int) -> Contender:
    """The package local-attention: scaled dot product over ±`window` positions around the query's own position.

    It is used without its rotary embedding.
    """
    _require("local_attention", "local-attention")
    from local_attention import LocalAttention  # pyright: ignore[reportMissingImports]

    return LocalAttention(window, look_forward=1, exact_windowsize=True, autopad=True, use_rotary_pos_emb=False)


def xformers(heads: int, head_dim: int) -> Contender:
    """The memory-efficient attention of xFormers. It has no kernel for the CPU."""
    _require("xformers", "xformers")

    def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        if query.device.type == "cpu":
            raise NotImplementedError("xFormers has no kernel for the CPU")
        from xformers.ops import memory_efficient_attention  # pyright: ignore[reportMissingImports]

        # xFormers expects the shape (B, n, H, D).
        return memory_efficient_attention(*(part.transpose(1, 2) for part in (query, key, value))).transpose(1, 2)

    return attend


def _require(module: str, package: str) -> None:
    if importlib.util.find_spec(module) is None:
        raise UnavailableError(f"contender={module}: {package} is not installed; pip install '.[peers]'")
