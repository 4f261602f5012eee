"""The memory of a step, for a model whose tensors are all known."""

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


class Attending(nn.Module):
    """States attend each other, between two maps."""

    def __init__(self, kernel: Kernel) -> None:
        super().__init__()
        self.before, self.after = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)
        self.attention = Attention(WIDTH, score=General, scope=Global, selection=Soft, key_value=Tied, kernel=kernel)

    def forward(self, states: Tensor) -> Tensor:
        states = self.before(states)
        return self.after(self.attention(states, self.attention.memory_of_states(states)).context)


@dataclass
class Step:
    """Sums the output of the model, and lets the optimiser lower the sum."""

    model: nn.Module
    optimizer: torch.optim.Optimizer

    def __call__(self, batch: Any) -> None:
        self.model(batch).sum().backward()
        self.optimizer.step()
        self.optimizer.zero_grad()


def held(model: nn.Module, states: Tensor) -> StepMemory:
    """The memory of a step with Adam, its second."""
    step = Step(model, torch.optim.Adam(model.parameters()))
    step(states)
    return step_memory(step, states, CPU)  # pyright: ignore[reportArgumentType]


def attending(kernel: Kernel, batch: int = 2, length: int = 128) -> StepMemory:
    return held(Attending(kernel), torch.randn(batch, length, WIDTH))


def test_parameters_gradients_and_state_are_sums_of_their_bytes() -> None:
    model = Attending(DenseKernel())
    numbers = sum(parameter.numel() for parameter in model.parameters())
    found = held(model, torch.randn(2, 8, WIDTH))
    assert numbers == 3 * WIDTH**2 + 2 * WIDTH
    assert found.parameters_mib * MIB == found.gradients_mib * MIB == 4 * numbers
    assert found.optimiser_mib * MIB == 2 * 4 * numbers + 4 * len(list(model.parameters()))  # and a count of steps each


def test_what_gets_no_gradient_has_none() -> None:
    model = Attending(DenseKernel())
    model.before.requires_grad_(False)
    found = held(model, torch.randn(2, 8, WIDTH))
    assert found.parameters_mib - found.gradients_mib == pytest.approx(4 * (WIDTH**2 + WIDTH) / MIB)


class Exponential(nn.Module):
    """e to the power of e to the power of a shift, and another shift behind: backward holds that one's gradient."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.inner, self.outer = (nn.Parameter(torch.zeros(size)) for _ in range(2))

    def forward(self, states: Tensor) -> Tensor:
        return (states + self.inner).exp().exp() + self.outer


def test_activations_are_the_most_that_is_held_at_once_beside_the_gradients() -> None:
    size = 2**18  # 1 MiB
    found = held(Exponential(size), torch.zeros(size))
    assert found.gradients_mib == 2
    assert found.activations_mib == pytest.approx(3, abs=0.01)  # both exponentials and what comes to one of them
    assert found.attention_mib == 0


class Holds(torch.autograd.Function):
    """Returns its states. It holds some MiB in the forward pass, and others in the backward pass."""

    @staticmethod
    def forward(ctx: Any, states: Tensor, there: int, back: int) -> Tensor:
        torch.empty(there * MIB, dtype=torch.uint8)
        ctx.back = back
        return states.clone()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        torch.empty(ctx.back * MIB, dtype=torch.uint8)
        return gradient, None, None


class Holding(DenseKernel):
    """A kernel that holds a known amount of memory."""

    def __init__(self, there: int, back: int) -> None:
        self.mib = there, back

    def __call__(self, spec: AttentionSpec, inputs: Inputs) -> Attended:
        return Attended(Holds.apply(inputs.query_features, *self.mib))


class Between(nn.Module):
    """Attention that holds a known amount, and a part around it that holds a known amount."""

    def __init__(self, inside: tuple[int, int], outside: tuple[int, int]) -> None:
        super().__init__()
        parts: dict[str, Any] = {"score": Dot, "scope": Global, "selection": Soft, "key_value": Tied}
        self.attention, self.outside = Attention(WIDTH, **parts, kernel=Holding(*inside)), outside
        self.query = nn.Parameter(torch.zeros(2, 4, WIDTH))

    def forward(self, states: Tensor) -> Tensor:
        memory = self.attention.memory_of_states(states)  # nothing to go back to
        query = Holds.apply(self.query, *self.outside)
        return Holds.apply(self.attention(query, memory).context, *self.outside)


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
def test_what_is_held_within_the_attention_there_and_back_is_its_own(
    inside: tuple[int, int], outside: tuple[int, int], attention: float, activations: float
) -> None:
    found = held(Between(inside, outside), torch.randn(2, 4, WIDTH))
    assert found.attention_mib == pytest.approx(attention, abs=0.02)
    assert found.activations_mib == pytest.approx(activations, abs=0.02)


@pytest.mark.parametrize("kernel", [DenseKernel(), FusedKernel()], ids=["dense", "fused"])
def test_activations_grow_with_the_batch(kernel: Kernel) -> None:
    two, four, six = (attending(kernel, batch).activations_mib for batch in (2, 4, 6))
    assert four > 1.5 * two  # the fused one has a buffer besides, of one size
    assert six - four == pytest.approx(four - two, rel=0.02)


def test_the_attention_of_the_dense_kernel_grows_as_the_square() -> None:
    matrix = 2 * 512**2 * 4 / MIB
    half, whole = (attending(DenseKernel(), length=length).attention_mib for length in (256, 512))
    assert whole / half == pytest.approx(4, rel=0.1)
    assert 2 * matrix < whole < 5 * matrix


def test_the_attention_of_the_fused_kernel_grows_with_the_length() -> None:
    one, two, three = (attending(FusedKernel(), length=length).attention_mib for length in (1024, 2048, 3072))
    assert three - two == pytest.approx(two - one, rel=0.02)
    states = 2 * 1024 * WIDTH * 4 / MIB
    assert 2 * states < two - one < 10 * states


@pytest.mark.parametrize("kernel", [DenseKernel(), FusedKernel(), TiledKernel()], ids=["dense", "fused", "tiled"])
def test_attention_is_a_part_of_the_activations(kernel: Kernel) -> None:
    found = attending(kernel)
    assert 0 < found.attention_mib < found.activations_mib


def test_it_finds_the_same_again_and_leaves_the_model_as_it_was() -> None:
    model, states = Attending(DenseKernel()), torch.randn(2, 32, WIDTH)
    before = vars(model.attention).keys() - {"training"}
    first, second = held(model, states), held(model, states)
    assert (first.activations_mib, first.attention_mib) == (second.activations_mib, second.attention_mib)
    assert vars(model.attention).keys() - {"training"} == before


def test_the_high_water_mark_only_rises() -> None:
    before = process_mib()
    assert before is not None
    block = bytearray(int(64 * MIB + before * MIB))  # more than there was
    block[::4096] = b"\1" * len(block[::4096])
    after = process_mib()
    assert after is not None
    assert after >= before + 64
    del block
    assert process_mib() == after


def test_a_system_without_the_mark_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resource", None)
    assert process_mib() is None
