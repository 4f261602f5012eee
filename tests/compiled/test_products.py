"""Products beside those of torch in float64: exact in float32, or with operands rounded to bf16."""

import pytest
import torch
from torch.nn import functional as F

from attnbench.compiled import products
from attnbench.compiled.linear import linear
from attnbench.compiled.products import operand, product, quick, rounding
from tests.compiled.gradients import assert_agrees, evaluated


def test_a_large_product_of_float32_is_not_rounded() -> None:
    """On some processors another library computes it, in a mode that rounds on other processors."""
    torch.manual_seed(0)
    left, right = torch.randn(200, 300), torch.randn(300, 400)
    exact = left.double() @ right.double()
    with quick(200 * 300 * 400):
        found = product(left, operand(right, 200)).double()
    assert float((found - exact).abs().max()) < 2e-6 * 300
    assert float((left.bfloat16() @ right.bfloat16() - exact).abs().max()) > 0.1  # what rounding would give


def test_the_mode_of_torch_is_as_before() -> None:
    before = torch.backends.mkldnn.matmul.fp32_precision  # pyright: ignore
    with quick(2**40):
        pass
    assert torch.backends.mkldnn.matmul.fp32_precision == before  # pyright: ignore


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(6,), (2, 3)])
def test_a_linear_map_is_torchs(shape: tuple[int, ...], bias: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "SMALL", 1)
    monkeypatch.setattr(products, "_onednn_is_exact", lambda: True)
    monkeypatch.setattr(products, "_onednn", lambda: pytest.MonkeyPatch.context())  # any context will do
    torch.manual_seed(0)
    inputs = [torch.randn(*shape, 5, dtype=torch.float64), torch.randn(4, 5, dtype=torch.float64)]
    if bias:
        inputs.append(torch.randn(4, dtype=torch.float64))
    assert_agrees(lambda *leaves: linear(*leaves, *[None][bias:]), lambda *leaves: F.linear(*leaves), inputs)


def test_rounding_holds_forward_and_backward(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "SMALL", 1)
    torch.manual_seed(0)
    inputs = [torch.randn(6, 5), torch.randn(4, 5)]
    with rounding(True):
        found = evaluated(lambda states, weight: linear(states, weight, None), inputs)
    exact = evaluated(F.linear, inputs)
    for one, other in zip(found, exact, strict=True):
        assert one.dtype is torch.float32
        assert not torch.equal(one, other)
        torch.testing.assert_close(one, other, rtol=0, atol=float(0.02 * other.abs().max()))
    assert torch.equal(evaluated(lambda states, weight: linear(states, weight, None), inputs)[0], exact[0])
