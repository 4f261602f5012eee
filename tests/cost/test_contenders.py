"""All contenders compute the same function, so that their costs are comparable, or they raise an error."""

import importlib.util
import sys
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn

from attnbench.attention.kernels import DenseKernel, FusedKernel
from attnbench.attention.scopes import Global, LocalM
from attnbench.attention.scores import Additive, ScaledDot
from attnbench.attention.selections import Soft
from attnbench.cost import contenders
from attnbench.cost.contenders import Contender, OwnAttention, TorchMultiheadAttention, attention
from attnbench.errors import UnavailableError

HEADS, HEAD_DIM = 3, 8


def inputs(length: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(length)
    return [torch.randn(2, HEADS, length, HEAD_DIM, generator=generator, dtype=torch.float64) for _ in range(3)]


def textbook(query: Tensor, key: Tensor, value: Tensor, *, window: int | None = None) -> Tensor:
    """softmax(q kᵀ / √D) v, for one query at a time, over all keys or over `window` keys on each side."""
    contexts = []
    for t in range(query.shape[2]):
        near = slice(None) if window is None else slice(max(0, t - window), t + window + 1)
        scores = (query[:, :, t : t + 1] @ key[:, :, near].mT) / HEAD_DIM**0.5
        contexts.append(torch.softmax(scores, -1) @ value[:, :, near])
    return torch.cat(contexts, 2)


@pytest.mark.parametrize("kernel", [DenseKernel(), FusedKernel()])
def test_our_own_layer_computes_the_textbook_formula(kernel: DenseKernel | FusedKernel) -> None:
    made = attention(HEADS, HEAD_DIM, score=ScaledDot, scope=Global, selection=Soft, kernel=kernel)
    assert isinstance(made, OwnAttention)
    torch.testing.assert_close(made(*inputs(11)), textbook(*inputs(11)))


def test_our_own_layer_raises_an_error_if_its_kernel_cannot_compute_it() -> None:
    with pytest.raises(UnavailableError, match="kernel=fused: cannot compute this attention, because Additive"):
        attention(HEADS, HEAD_DIM, score=Additive, scope=Global, selection=Soft, kernel=FusedKernel())


def test_sdpa_computes_the_textbook_formula() -> None:
    torch.testing.assert_close(contenders.sdpa(HEADS, HEAD_DIM)(*inputs(11)), textbook(*inputs(11)))


def test_multihead_is_sdpa_with_projections() -> None:
    made = TorchMultiheadAttention(HEADS, HEAD_DIM).double()
    with torch.no_grad():
        for weight in (*made.attention.in_proj_weight.chunk(3), made.attention.out_proj.weight):
            weight.copy_(torch.eye(HEADS * HEAD_DIM))
        made.attention.out_proj.bias.fill_(2.0)
    torch.testing.assert_close(made(*inputs(11)), textbook(*inputs(11)) + 2.0)


@pytest.mark.skipif(importlib.util.find_spec("local_attention") is None, reason="local-attention is not installed")
@pytest.mark.parametrize("window", [4, 6])
def test_local_attention_has_the_window_of_local_m(window: int) -> None:
    length = 24  # a multiple of the window: otherwise the package pads with zeros, and the last queries attend to them
    made = contenders.local_attention(HEADS, HEAD_DIM, window)
    ours = attention(
        *(HEADS, HEAD_DIM),
        score=ScaledDot,
        scope=lambda heads, head_dim: LocalM(heads, head_dim, window),
        selection=Soft,
        kernel=DenseKernel(),
    )
    torch.testing.assert_close(made(*inputs(length)), textbook(*inputs(length), window=window))
    torch.testing.assert_close(ours(*inputs(length)), textbook(*inputs(length), window=window))


@pytest.mark.filterwarnings("ignore:flex_attention called without torch.compile")
def test_flex_raises_an_error_for_the_backward_pass_on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    uncompiled = SimpleNamespace(compile=lambda function, dynamic: function)  # the real compilation takes many seconds
    monkeypatch.setattr(contenders, "torch", uncompiled)
    monkeypatch.setenv("CXX", sys.executable)  # any program that exists
    made = contenders.flex(HEADS, HEAD_DIM)
    query, key, value = inputs(16)
    with torch.no_grad():
        torch.testing.assert_close(made(query, key, value), textbook(query, key, value))
    with pytest.raises(NotImplementedError, match="backward on CPU"):
        made(query.requires_grad_(), key, value)


def test_flex_needs_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(UnavailableError, match="contender=flex: needs a compiler; install no-such-compiler"):
        contenders.flex(HEADS, HEAD_DIM)


@pytest.mark.parametrize(("name", "package"), [("local_attention", "local-attention"), ("xformers", "xformers")])
def test_the_error_names_a_missing_package(name: str, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda module: None)
    options = {"window": 4} if name == "local_attention" else {}
    with pytest.raises(UnavailableError, match=rf"contender={name}: {package} is not installed; pip install '\.\[peer"):
        getattr(contenders, name)(HEADS, HEAD_DIM, **options)


def test_xformers_raises_an_error_on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda module: object())
    made: Contender = contenders.xformers(HEADS, HEAD_DIM)
    assert not isinstance(made, nn.Module)
    with pytest.raises(NotImplementedError, match="no kernel for the CPU"):
        made(*inputs(4))
