"""The memory of a training step, for models with tensors of known size."""

import sys
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from attnbench.attention import Attention
from attnbench.attention.kernels import (
    Attended,
    AttentionSpec,
    DenseKernel,
    FusedKernel,
    Inputs,
    Kernel,
    TiledKernel,
)
from attnbench.attention.key_value import Tied
from attnbench.attention.scopes import Global
from attnbench.attention.scores import Dot, General
from attnbench.attention.selections import Soft
from attnbench.cost.memory import MIB
from attnbench.cost.step_memory import process_mib, step_memory
from attnbench.record import StepMemory

CPU = torch.device("cpu")
WIDTH = 16


class SelfAttention(nn.Module):
    """Self-attention over the states, between two linear layers."""

    def __init__(self, kernel: Kernel) -> None:
        super().__init__()
        self.before, self.after = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)
        self.attention = Attention(WIDTH, score=General, scope=Global, selection=Soft, key_value=Tied, kernel=kernel)

    def forward(self, states: Tensor) -> Tensor:
        states = self.before(states)
        return self.after(self.attention(states, self.attention.memory_of_states(states)).context)


@dataclass
class Step:
    """A training step whose loss is the sum of the output of the model."""

    model: nn.Module
    optimizer: torch.optim.Optimizer

    def __call__(self, batch: Any) -> None:
        self.model(batch).sum().backward()
        self.optimizer.step()
        self.optimizer.zero_grad()


def second_step_memory(model: nn.Module, states: Tensor) -> StepMemory:
    """Returns the memory of the second training step with Adam."""
    step = Step(model, torch.optim.Adam(model.parameters()))
    step(states)
    return step_memory(step, states, CPU)  # pyright: ignore[reportArgumentType]


def attention_step_memory(kernel: Kernel, batch: int = 2, length: int = 128) -> StepMemory:
    return second_step_memory(SelfAttention(kernel), torch.randn(batch, length, WIDTH))


def test_the_memory_of_parameters_gradients_and_optimiser_state() -> None:
    model = SelfAttention(DenseKernel())
    numbers = sum(parameter.numel() for parameter in model.parameters())
    memory = second_step_memory(model, torch.randn(2, 8, WIDTH))
    assert numbers == 3 * WIDTH**2 + 2 * WIDTH
    assert memory.parameters_mib * MIB == memory.gradients_mib * MIB == 4 * numbers
    # Adam also has a count of steps for each parameter.
    assert memory.optimiser_mib * MIB == 2 * 4 * numbers + 4 * len(list(model.parameters()))


def test_parameters_without_a_gradient_have_no_gradient_memory() -> None:
    model = SelfAttention(DenseKernel())
    model.before.requires_grad_(False)
    memory = second_step_memory(model, torch.randn(2, 8, WIDTH))
    assert memory.parameters_mib - memory.gradients_mib == pytest.approx(4 * (WIDTH**2 + WIDTH) / MIB)


class DoubleExponential(nn.Module):
    """exp(exp(states + inner)) + outer. Its backward pass also holds the gradient of `outer`."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.inner, self.outer = (nn.Parameter(torch.zeros(size)) for _ in range(2))

    def forward(self, states: Tensor) -> Tensor:
        return (states + self.inner).exp().exp() + self.outer


def test_activations_are_the_peak_without_the_gradients() -> None:
    size = 2**18  # 1 MiB
    memory = second_step_memory(DoubleExponential(size), torch.zeros(size))
    assert memory.gradients_mib == 2
    assert memory.activations_mib == pytest.approx(3, abs=0.01)  # both exponentials, and the gradient of one of them
    assert memory.attention_mib == 0


class Allocating(torch.autograd.Function):
    """Returns a copy of the states. It allocates `forward_mib` in forward and `backward_mib` in backward."""

    @staticmethod
    def forward(ctx: Any, states: Tensor, forward_mib: int, backward_mib: int) -> Tensor:
        torch.empty(forward_mib * MIB, dtype=torch.uint8)
        ctx.backward_mib = backward_mib
        return states.clone()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        torch.empty(ctx.backward_mib * MIB, dtype=torch.uint8)
        return gradient, None, None


class AllocatingKernel(DenseKernel):
    """A kernel that allocates a known amount of memory."""

    def __init__(self, forward_mib: int, backward_mib: int) -> None:
        self.mib = forward_mib, backward_mib

    def __call__(self, spec: AttentionSpec, inputs: Inputs) -> Attended:
        return Attended(Allocating.apply(inputs.query_features, *self.mib))


class PartlyAttention(nn.Module):
    """Attention that allocates a known amount of memory, and a part before and after it that also does."""

    def __init__(self, inside: tuple[int, int], outside: tuple[int, int]) -> None:
        super().__init__()
        parts: dict[str, Any] = {"score": Dot, "scope": Global, "selection": Soft, "key_value": Tied}
        self.attention, self.outside = Attention(WIDTH, **parts, kernel=AllocatingKernel(*inside)), outside
        self.query = nn.Parameter(torch.zeros(2, 4, WIDTH))

    def forward(self, states: Tensor) -> Tensor:
        memory = self.attention.memory_of_states(states)  # the states need no gradient, so this has no backward pass
        query = Allocating.apply(self.query, *self.outside)
        return Allocating.apply(self.attention(query, memory).context, *self.outside)


@pytest.mark.parametrize(
    ("inside", "outside", "attention", "activations"),
    [
        ((8, 0), (0, 0), 8, 8),
        ((0, 8), (0, 0), 8, 8),
        ((0, 0), (8, 0), 0, 8),
        ((0, 0), (0, 8), 0, 8),
        ((2, 3), (4, 5), 3, 5),
    ],
)
def test_forward_and_backward_memory_inside_the_attention_belongs_to_the_attention(
    inside: tuple[int, int], outside: tuple[int, int], attention: float, activations: float
) -> None:
    memory = second_step_memory(PartlyAttention(inside, outside), torch.randn(2, 4, WIDTH))
    assert memory.attention_mib == pytest.approx(attention, abs=0.02)
    assert memory.activations_mib == pytest.approx(activations, abs=0.02)


@pytest.mark.parametrize("kernel", [DenseKernel(), FusedKernel()], ids=["dense", "fused"])
def test_activations_grow_with_the_batch(kernel: Kernel) -> None:
    two, four, six = (attention_step_memory(kernel, batch).activations_mib for batch in (2, 4, 6))
    assert four > 1.5 * two  # not 2 times: the fused kernel also has a buffer of fixed size
    assert six - four == pytest.approx(four - two, rel=0.02)


def test_attention_memory_of_the_dense_kernel_grows_with_the_square_of_the_length() -> None:
    matrix = 2 * 512**2 * 4 / MIB
    half, whole = (attention_step_memory(DenseKernel(), length=length).attention_mib for length in (256, 512))
    assert whole / half == pytest.approx(4, rel=0.1)
    assert 2 * matrix < whole < 5 * matrix


def test_attention_memory_of_the_fused_kernel_grows_linearly() -> None:
    one, two, three = (
        attention_step_memory(FusedKernel(), length=length).attention_mib for length in (1024, 2048, 3072)
    )
    assert three - two == pytest.approx(two - one, rel=0.02)
    states = 2 * 1024 * WIDTH * 4 / MIB
    assert 2 * states < two - one < 10 * states


@pytest.mark.parametrize("kernel", [DenseKernel(), FusedKernel(), TiledKernel()], ids=["dense", "fused", "tiled"])
def test_attention_memory_is_a_part_of_the_activations(kernel: Kernel) -> None:
    memory = attention_step_memory(kernel)
    assert 0 < memory.attention_mib < memory.activations_mib


def test_a_measurement_is_repeatable_and_does_not_change_the_model() -> None:
    model, states = SelfAttention(DenseKernel()), torch.randn(2, 32, WIDTH)
    before = vars(model.attention).keys() - {"training"}
    first, second = second_step_memory(model, states), second_step_memory(model, states)
    assert (first.activations_mib, first.attention_mib) == (second.activations_mib, second.attention_mib)
    assert vars(model.attention).keys() - {"training"} == before


def test_the_peak_memory_of_the_process_never_decreases() -> None:
    before = process_mib()
    assert before is not None
    block = bytearray(int(64 * MIB + before * MIB))  # larger than the peak so far
    block[::4096] = b"\1" * len(block[::4096])
    after = process_mib()
    assert after is not None
    assert after >= before + 64
    del block
    assert process_mib() == after


def test_process_memory_is_none_if_the_system_does_not_report_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resource", None)
    assert process_mib() is None
