"""Measurement in turns: the order of the contenders, their numbers, and the status of a contender that fails."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial

import pytest
import torch
from torch import Tensor, nn

from attnbench.attention import scores as scores_module
from attnbench.attention.kernels import DenseKernel, FusedKernel, Kernel
from attnbench.attention.scopes import Global
from attnbench.attention.scores import (
    Additive,
    Average,
    Cosine,
    Dot,
    Gaussian,
    General,
    Location,
    ScaledDot,
    Score,
)
from attnbench.attention.selections import Soft
from attnbench.cost.contenders import Contender, OwnAttention, attention, sdpa
from attnbench.cost.exponent import by_length, exponent
from attnbench.cost.interleaving import measure_interleaved
from attnbench.cost.measurement import MeasurementPlan
from attnbench.cost.runner import ContenderSetup, LocalRunner
from attnbench.cost.scaling import ScalingSettings
from attnbench.record import Scaling, ScalingPoint
from tests.cost.fake_clock import Clock

CPU = torch.device("cpu")
FACTORED = [Dot, ScaledDot, Cosine, General, Location, Gaussian, Average]
Attend = Callable[[Tensor, Tensor, Tensor], Tensor]


def plan(
    contender: Contender,
    *lengths: int,
    repetitions: int = 1,
    spread: float = 1e6,
    seconds: float = 60.0,
    mib: float = 1e6,
    width: int = 4,
) -> MeasurementPlan:
    setup = ContenderSetup(partial(lambda: contender), 1, 2, width, CPU)
    ours = contender.attention if isinstance(contender, OwnAttention) else None
    return MeasurementPlan(setup, ScalingSettings(lengths, 1, repetitions, spread, seconds, mib), ours)


def measure(
    plans: Sequence[MeasurementPlan], seen: Callable[[float], object] = lambda remaining_s: None
) -> list[Scaling]:
    """Runs the contenders in this process, where a test can move the clock."""
    return measure_interleaved(plans, runner=lambda plan: nullcontext(LocalRunner(plan.setup)), seen=seen)


def points(scaling: Scaling, passes: str = "forward+backward") -> list[ScalingPoint]:
    return [point for point in scaling.points if point.passes == passes]


def statuses(scaling: Scaling, passes: str = "forward+backward") -> list[str]:
    return [point.status for point in points(scaling, passes)]


def timed(clock: Clock, name: str, ms: Callable[[int], float]) -> Attend:
    """Makes a contender that takes no real time. On the fake clock, it takes `ms(length)`."""

    def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        clock.take(f"{name}{query.shape[2]}{'b' if query.requires_grad else 'f'}", ms(query.shape[2]))
        return query + key + value

    return attend


def test_contenders_take_turns_at_each_length(clock: Clock) -> None:
    contenders = [timed(clock, name, lambda n: 10.0) for name in "xy"]
    measure([plan(contender, 2, 3, repetitions=3) for contender in contenders])
    turns = ["x2f y2f", "x2b y2b", "x3f y3f", "x3b y3b"]
    expected = [" ".join([*([x] * 3), *([y] * 3), *([x, y] * 3)]) for x, y in map(str.split, turns)]
    assert clock.log == " ".join(expected).split()


def test_each_contender_has_its_own_lengths_and_repetitions(clock: Clock) -> None:
    first, second = timed(clock, "x", lambda n: 10.0), timed(clock, "y", lambda n: 10.0)
    scalings = measure([plan(first, 2, 4, repetitions=1), plan(second, 4, 8, repetitions=2)])
    assert [[point.length for point in points(scaling)] for scaling in scalings] == [[2, 4], [4, 8]]
    assert "".join(clock.log).replace("4f", "") == "x2f" * 4 + "x2b" * 4 + "xxx" + "yyy" + "xy" + "y" + (
        "x4b" * 3 + "y4b" * 3 + "x4b" + "y4b" * 2 + "y8f" * 5 + "y8b" * 5
    )


def test_the_numbers_come_from_the_clock(clock: Clock) -> None:
    (scaling,) = measure([plan(timed(clock, "x", lambda n: n * n / 2), 4, 8, repetitions=3)])
    assert [(p.length, p.passes, p.ms, p.ms_q1, p.ms_q3) for p in scaling.points] == [
        (length, passes, *[pytest.approx(length**2 / 2)] * 3)
        for length in (4, 8)
        for passes in ("forward", "forward+backward")
    ]
    assert (scaling.session, scaling.baseline, scaling.kernel) == (None, None, None)


def test_the_remaining_time_is_right_after_the_first_quarter(clock: Clock) -> None:
    linear, square = timed(clock, "x", lambda n: 500.0 * n), timed(clock, "y", lambda n: 100.0 * n**2)
    plans = [plan(contender, 4, 8, 16, 32, repetitions=3, seconds=30) for contender in (linear, square)]
    estimates: list[tuple[float, float]] = []
    _, stopped = measure(plans, lambda remaining_s: estimates.append((clock.now_ms / 1000, remaining_s)))
    assert statuses(stopped)[-2:] == ["measured", "over_budget"]
    end_s = clock.now_ms / 1000
    assert estimates[-1] == (end_s, 0.0)
    ends_s = [elapsed_s + remaining_s for elapsed_s, remaining_s in estimates if elapsed_s > end_s / 4]
    assert len(ends_s) > 20
    assert ends_s == pytest.approx([end_s] * len(ends_s), rel=0.02)


def unsteady(clock: Clock, name: str, slow: int) -> Attend:
    """Takes 10 ms per call. The first `slow` timed calls take 10 ms and 30 ms in turn."""
    durations = [10.0] * 3 + [10.0, 30.0] * (slow // 2)
    task = clock.task(name, [*durations, 10.0])

    def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        task()
        return value.detach()  # has no backward pass

    return attend


def test_a_noisy_contender_is_repeated_until_it_is_not_noisy(clock: Clock) -> None:
    contenders = [unsteady(clock, name, slow) for name, slow in (("x", 0), ("y", 4))]
    first, second = measure([plan(contender, 2, repetitions=4, spread=0.2) for contender in contenders])
    assert [(p.repetitions, p.noisy) for p in points(first, "forward")] == [(4, False)]
    (point,) = points(second, "forward")
    assert (point.repetitions, point.noisy, point.ms, point.ms_q3) == (9, False, *[pytest.approx(10.0)] * 2)
    assert "".join(clock.log).startswith("xxxyyy" + "xy" * 4 + "y" * 5)


def test_a_contender_that_stays_noisy_has_the_noisy_flag(clock: Clock) -> None:
    (scaling,) = measure([plan(unsteady(clock, "x", 100), 2, repetitions=4, spread=0.2)])
    (point,) = points(scaling, "forward")
    assert (point.repetitions, point.noisy, point.ms) == (12, True, pytest.approx(20.0))


def test_the_time_budget_ends_a_contender(clock: Clock) -> None:
    slow = plan(timed(clock, "x", lambda n: 20.0 * n), 4, 8, 16, 32, seconds=0.3)
    (scaling,) = measure([slow])
    # Length 8 is over the budget: from length 4 alone, quadratic growth predicts 320 ms.
    # Longer lengths are also predicted from length 4 alone.
    assert statuses(scaling, "forward") == ["measured", "over_budget", "over_budget", "over_budget"]
    assert not [call for call in clock.log if not call.startswith("x4")]
    assert {(p.ms, p.ms_q1, p.ms_q3, p.peak_mib, p.error) for p in points(scaling)[1:]} == {(None,) * 5}
    assert [p.predicted_ms for p in points(scaling)] == [None, *(pytest.approx(5 * n**2) for n in (8, 16, 32))]


def test_one_slow_call_does_not_end_a_contender(clock: Clock) -> None:
    durations = iter([10.0, 10.0, 10.0, 10.0, 900.0, 10.0, *[10.0] * 100])
    (scaling,) = measure([plan(timed(clock, "x", lambda n: next(durations)), 4, 8, repetitions=3, seconds=0.1)])
    assert statuses(scaling, "forward") == ["measured", "measured"]


def test_the_memory_budget_ends_a_contender() -> None:
    def holding(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        held = torch.zeros(query.shape[2] ** 2, 256)  # n² KiB
        return query + key + value + held[0, 0]

    (scaling,) = measure([plan(holding, 8, 16, 32, 64, mib=1.5)])
    for passes in ("forward", "forward+backward"):
        assert statuses(scaling, passes) == ["measured", "measured", "measured", "over_budget"]


def limited(error: Exception, *, backward: bool = False) -> Attend:
    """Raises the error if there are more than 8 queries. With `backward`, it raises it only if a gradient is needed."""

    def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        if query.shape[2] > 8 and (query.requires_grad or not backward):
            raise error
        return query + key + value

    return attend


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        (torch.OutOfMemoryError("no more"), "out_of_memory", "torch.OutOfMemoryError: no more"),
        (MemoryError(), "out_of_memory", "MemoryError"),
        (NotImplementedError("not\n here"), "unsupported", "not here"),
        (IndexError("a bug"), "failed", "IndexError: a bug"),
    ],
)
def test_an_error_is_the_status_of_only_its_own_contender(error: Exception, status: str, reason: str) -> None:
    scaling, other = measure([plan(limited(error), 4, 8, 16, 32), plan(sdpa(2, 4), 4, 8, 16, 32)])
    for passes in ("forward", "forward+backward"):
        assert statuses(scaling, passes) == ["measured", "measured", status, status]
        assert [point.error for point in points(scaling, passes)] == [None, None, reason, reason]
        assert statuses(other, passes) == ["measured"] * 4


def test_a_contender_without_a_backward_pass_still_has_a_forward_pass() -> None:
    contenders = [limited(NotImplementedError("no gradient here"), backward=True), lambda q, k, v: v.detach() + 1]
    for scaling in measure([plan(contender, 16) for contender in contenders]):
        assert statuses(scaling, "forward") == ["measured"]
        assert statuses(scaling) == ["unsupported"]
        assert "no gradient" in str(points(scaling)[0].error)


def test_a_context_of_another_shape_is_a_failure() -> None:
    (scaling,) = measure([plan(lambda q, k, v: v[0], 3)])
    assert statuses(scaling) == ["failed"]
    assert points(scaling)[0].error == "ValueError: the context has shape (2, 3, 4); the queries have (1, 2, 3, 4)"


class Scale(nn.Module):
    """A contender with one parameter. It records the gradients that earlier calls have left."""

    def __init__(self) -> None:
        super().__init__()
        self.weight, self.remaining = nn.Parameter(torch.ones(1)), list[object]()

    def forward(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        self.remaining += [tensor.grad for tensor in (self.weight, query, key, value)]
        return self.weight * (query + key + value)


def test_a_call_leaves_no_gradient() -> None:
    scale = Scale()
    measure([plan(scale, 3, repetitions=2)])
    assert set(scale.remaining) == {None}


def test_all_contenders_get_equal_inputs_of_the_given_dtype() -> None:
    inputs: list[tuple[Tensor, ...]] = []

    def recording(*tensors: Tensor) -> Tensor:
        inputs.append(tuple(tensor.detach().clone() for tensor in tensors))
        return sum(tensors, torch.zeros(()))

    grid, scale = ScalingSettings([5], 3, 1, 0.2, 60.0, 1e6), Scale()
    setups = [
        ContenderSetup(partial(lambda made: made, contender), 3, 2, 4, CPU, torch.bfloat16, 7)
        for contender in (recording, scale, recording)
    ]
    measure([MeasurementPlan(setup, grid) for setup in setups])
    assert scale.weight.dtype == torch.bfloat16
    for tensors in inputs:
        for tensor, first in zip(tensors, inputs[0], strict=True):
            assert (tensor.shape, tensor.dtype) == ((3, 2, 5, 4), torch.bfloat16)
            assert torch.equal(tensor, first)


def peak_mib(score: type[Score], kernel: Kernel, width: int, length: int) -> float:
    """Returns the peak memory of forward and backward at one length, in MiB."""
    made = attention(2, width, score=score, scope=Global, selection=Soft, kernel=kernel)
    (scaling,) = measure([plan(made, length, width=width)])
    value = points(scaling)[0].peak_mib
    assert value is not None
    assert scaling.kernel == kernel.name
    return value


@pytest.mark.parametrize("score", FACTORED)
def test_the_fused_kernel_never_holds_the_whole_attention_matrix(score: type[Score]) -> None:
    matrix = 2 * 512 * 512 * 4 / 2**20
    assert peak_mib(score, FusedKernel(), 8, 512) < matrix / 2


def test_the_memory_of_the_dense_kernel_grows_with_the_square_of_the_length() -> None:
    made = attention(2, 8, score=Dot, scope=Global, selection=Soft, kernel=DenseKernel())
    (scaling,) = measure([plan(made, 64, 128, 256, 512, width=8)])
    found = exponent(by_length(scaling.points, "forward+backward", "peak_mib"))
    assert found
    assert found.value == pytest.approx(2.0, abs=0.15)


def test_the_list_has_every_score_with_feature_maps() -> None:
    classes = {value for value in vars(scores_module).values() if isinstance(value, type) and issubclass(value, Score)}
    assert {score for score in classes if score.factored} == {Score, *FACTORED}
    assert Additive in classes


def test_the_broadcast_of_the_additive_score_also_has_the_head_dim() -> None:
    dot, additive = (peak_mib(score, DenseKernel(), 16, 64) for score in (Dot, Additive))
    assert additive > 64 * 64 * 32 * 4 / 2**20  # the tanh has B · T · S · H · D floats
    assert dot < additive / 4


def test_the_gradients_are_part_of_the_peak() -> None:
    states = 256 * 256 * 4 / 2**20
    assert peak_mib(Average, FusedKernel(), 128, 256) > 2 * states  # the gradients of the context and of the values
