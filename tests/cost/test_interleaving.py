"""Contenders in turns: their order, their numbers, and what happens to one that fails."""

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
from attnbench.cost.interleaving import measure_interleaved
from attnbench.cost.measurement import MeasurementPlan
from attnbench.cost.runner import ContenderSetup, LocalRunner
from attnbench.cost.scaling import ScalingSettings, growth
from attnbench.record import Scaling, ScalingPoint
from tests.cost.fake_clock import Clock

CPU = torch.device("cpu")
FACTORED = [Dot, ScaledDot, Cosine, General, Location, Gaussian, Average]
Attend = Callable[[Tensor, Tensor, Tensor], Tensor]


def entry(
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


def measure(entries: Sequence[MeasurementPlan], seen: Callable[[float], object] = lambda left_s: None) -> list[Scaling]:
    """In this process, where a test can move the clock."""
    return measure_interleaved(entries, runner=lambda entry: nullcontext(LocalRunner(entry.setup)), seen=seen)


def points(found: Scaling, passes: str = "forward+backward") -> list[ScalingPoint]:
    return [point for point in found.points if point.passes == passes]


def statuses(found: Scaling, passes: str = "forward+backward") -> list[str]:
    return [point.status for point in points(found, passes)]


def timed(clock: Clock, name: str, ms: Callable[[int], float]) -> Attend:
    """Takes no real time. By the test's clock, it takes `ms` of the length."""

    def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        clock.take(f"{name}{query.shape[2]}{'b' if query.requires_grad else 'f'}", ms(query.shape[2]))
        return query + key + value

    return attend


def test_contenders_take_turns_at_each_length(clock: Clock) -> None:
    contenders = [timed(clock, name, lambda n: 10.0) for name in "xy"]
    measure([entry(one, 2, 3, repetitions=3) for one in contenders])
    turns = ["x2f y2f", "x2b y2b", "x3f y3f", "x3b y3b"]
    expected = [" ".join([*([x] * 3), *([y] * 3), *([x, y] * 3)]) for x, y in map(str.split, turns)]
    assert clock.log == " ".join(expected).split()


def test_lengths_and_repetitions_are_each_contenders_own(clock: Clock) -> None:
    first, second = timed(clock, "x", lambda n: 10.0), timed(clock, "y", lambda n: 10.0)
    found = measure([entry(first, 2, 4, repetitions=1), entry(second, 4, 8, repetitions=2)])
    assert [[point.length for point in points(one)] for one in found] == [[2, 4], [4, 8]]
    assert "".join(clock.log).replace("4f", "") == "x2f" * 4 + "x2b" * 4 + "xxx" + "yyy" + "xy" + "y" + (
        "x4b" * 3 + "y4b" * 3 + "x4b" + "y4b" * 2 + "y8f" * 5 + "y8b" * 5
    )


def test_the_numbers_are_those_of_the_clock(clock: Clock) -> None:
    (found,) = measure([entry(timed(clock, "x", lambda n: n * n / 2), 4, 8, repetitions=3)])
    assert [(p.length, p.passes, p.ms, p.ms_q1, p.ms_q3) for p in found.points] == [
        (length, passes, *[pytest.approx(length**2 / 2)] * 3)
        for length in (4, 8)
        for passes in ("forward", "forward+backward")
    ]
    assert growth(found.points, "ms") == pytest.approx(2.0)
    assert (found.session, found.baseline, found.kernel) == (None, None, None)


def test_what_is_left_is_known_once_the_growth_is(clock: Clock) -> None:
    linear, square = timed(clock, "x", lambda n: 500.0 * n), timed(clock, "y", lambda n: 100.0 * n**2)
    entries = [entry(one, 4, 8, 16, 32, repetitions=3, seconds=30) for one in (linear, square)]
    seen: list[tuple[float, float]] = []
    _, stopped = measure(entries, lambda left_s: seen.append((clock.now_ms / 1000, left_s)))
    assert statuses(stopped)[-2:] == ["measured", "over_budget"]
    end_s = clock.now_ms / 1000
    assert seen[-1] == (end_s, 0.0)
    later = [gone_s + left_s for gone_s, left_s in seen if gone_s > end_s / 4]
    assert len(later) > 20
    assert later == pytest.approx([end_s] * len(later), rel=0.02)


def unsteady(clock: Clock, name: str, slow: int) -> Attend:
    """Takes 10 ms a call; the first `slow` calls that are timed alternate with 30 ms."""
    durations = [10.0] * 3 + [10.0, 30.0] * (slow // 2)
    task = clock.task(name, [*durations, 10.0])

    def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        task()
        return value.detach()  # which has no backward pass

    return attend


def test_what_is_noisy_is_repeated_until_it_is_not(clock: Clock) -> None:
    steady, calmed = (unsteady(clock, name, slow) for name, slow in (("x", 0), ("y", 4)))
    first, second = measure([entry(one, 2, repetitions=4, spread=0.2) for one in (steady, calmed)])
    assert [(p.repetitions, p.noisy) for p in points(first, "forward")] == [(4, False)]
    (found,) = points(second, "forward")
    assert (found.repetitions, found.noisy, found.ms, found.ms_q3) == (9, False, *[pytest.approx(10.0)] * 2)
    assert "".join(clock.log).startswith("xxxyyy" + "xy" * 4 + "y" * 5)


def test_what_stays_noisy_is_flagged(clock: Clock) -> None:
    (found,) = measure([entry(unsteady(clock, "x", 100), 2, repetitions=4, spread=0.2)])
    (point,) = points(found, "forward")
    assert (point.repetitions, point.noisy, point.ms) == (12, True, pytest.approx(20.0))


def test_it_stops_at_the_budget_of_time(clock: Clock) -> None:
    slow = entry(timed(clock, "x", lambda n: 20.0 * n), 4, 8, 16, 32, seconds=0.3)
    (found,) = measure([slow])
    # 8 is predicted as the square of 4, 320 ms; had it been run, 16 would have been predicted from both.
    assert statuses(found, "forward") == ["measured", "over_budget", "over_budget", "over_budget"]
    assert not [call for call in clock.log if not call.startswith("x4")]
    assert {(p.ms, p.ms_q1, p.ms_q3, p.peak_mib, p.error) for p in points(found)[1:]} == {(None,) * 5}
    assert [p.predicted_ms for p in points(found)] == [None, *(pytest.approx(5 * n**2) for n in (8, 16, 32))]


def test_one_slow_moment_does_not_end_a_contender(clock: Clock) -> None:
    durations = iter([10.0, 10.0, 10.0, 10.0, 900.0, 10.0, *[10.0] * 100])
    (found,) = measure([entry(timed(clock, "x", lambda n: next(durations)), 4, 8, repetitions=3, seconds=0.1)])
    assert statuses(found, "forward") == ["measured", "measured"]


def test_it_stops_at_the_budget_of_memory() -> None:
    def holding(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        held = torch.zeros(query.shape[2] ** 2, 256)  # n² KiB
        return query + key + value + held[0, 0]

    (found,) = measure([entry(holding, 8, 16, 32, 64, mib=1.5)])
    for passes in ("forward", "forward+backward"):
        assert statuses(found, passes) == ["measured", "measured", "measured", "over_budget"]


def limited(error: Exception, *, backward: bool = False) -> Attend:
    """Raises beyond eight queries; with `backward`, only where a gradient is wanted."""

    def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        if query.shape[2] > 8 and (query.requires_grad or not backward):
            raise error
        return query + key + value

    return attend


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (torch.OutOfMemoryError("no more"), "out_of_memory", "torch.OutOfMemoryError: no more"),
        (MemoryError(), "out_of_memory", "MemoryError"),
        (NotImplementedError("not\n here"), "unsupported", "not here"),
        (IndexError("a bug"), "failed", "IndexError: a bug"),
    ],
)
def test_what_a_contender_raises_becomes_its_status_and_no_others(error: Exception, status: str, told: str) -> None:
    entries = [entry(limited(error), 4, 8, 16, 32), entry(sdpa(2, 4), 4, 8, 16, 32)]
    found, other = measure(entries)
    for passes in ("forward", "forward+backward"):
        assert statuses(found, passes) == ["measured", "measured", status, status]
        assert [point.error for point in points(found, passes)] == [None, None, told, told]
        assert statuses(other, passes) == ["measured"] * 4
    assert growth(found.points, "ms") is not None


def test_what_has_no_backward_pass_still_has_a_forward_one() -> None:
    without = [limited(NotImplementedError("no gradient here"), backward=True), lambda q, k, v: v.detach() + 1]
    for found in measure([entry(one, 16) for one in without]):
        assert statuses(found, "forward") == ["measured"]
        assert statuses(found) == ["unsupported"]
        assert "no gradient" in str(points(found)[0].error)
        assert growth(found.points, "ms") is None


def test_a_context_of_another_shape_is_a_failure() -> None:
    (found,) = measure([entry(lambda q, k, v: v[0], 3)])
    assert statuses(found) == ["failed"]
    assert points(found)[0].error == ("ValueError: its context is (2, 3, 4); queries, keys and values are (1, 2, 3, 4)")


class Gate(nn.Module):
    """One parameter, and the gradients that remain after a call."""

    def __init__(self) -> None:
        super().__init__()
        self.weight, self.left = nn.Parameter(torch.ones(1)), list[object]()

    def forward(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        self.left += [tensor.grad for tensor in (self.weight, query, key, value)]
        return self.weight * (query + key + value)


def test_no_gradient_outlives_a_call() -> None:
    gate = Gate()
    measure([entry(gate, 3, repetitions=2)])
    assert set(gate.left) == {None}


def test_all_are_given_the_same_in_the_type_asked_for() -> None:
    seen: list[tuple[Tensor, ...]] = []

    def watching(*tensors: Tensor) -> Tensor:
        seen.append(tuple(tensor.detach().clone() for tensor in tensors))
        return sum(tensors, torch.zeros(()))

    grid, gate = ScalingSettings([5], 3, 1, 0.2, 60.0, 1e6), Gate()
    setups = [
        ContenderSetup(partial(lambda one: one, one), 3, 2, 4, CPU, torch.bfloat16, 7)
        for one in (watching, gate, watching)
    ]
    measure([MeasurementPlan(setup, grid) for setup in setups])
    assert gate.weight.dtype == torch.bfloat16
    for tensors in seen:
        for tensor, first in zip(tensors, seen[0], strict=True):
            assert (tensor.shape, tensor.dtype) == ((3, 2, 5, 4), torch.bfloat16)
            assert torch.equal(tensor, first)


def peak(score: type[Score], kernel: Kernel, width: int, length: int) -> float:
    """The memory of forward and backward at one length, in MiB."""
    made = attention(2, width, score=score, scope=Global, selection=Soft, kernel=kernel)
    (found,) = measure([entry(made, length, width=width)])
    value = points(found)[0].peak_mib
    assert value is not None
    assert found.kernel == kernel.name
    return value


@pytest.mark.parametrize("score", FACTORED)
def test_fused_never_holds_the_whole_matrix(score: type[Score]) -> None:
    matrix = 2 * 512 * 512 * 4 / 2**20
    assert peak(score, FusedKernel(), 8, 512) < matrix / 2


def test_the_memory_of_dense_grows_with_the_square() -> None:
    made = attention(2, 8, score=Dot, scope=Global, selection=Soft, kernel=DenseKernel())
    (found,) = measure([entry(made, 128, 256, 512, width=8)])
    assert growth(found.points, "peak_mib") == pytest.approx(2.0, abs=0.15)


def test_every_score_that_has_feature_maps_is_in_the_list() -> None:
    every = {one for one in vars(scores_module).values() if isinstance(one, type) and issubclass(one, Score)}
    assert {one for one in every if one.factored} == {Score, *FACTORED}
    assert Additive in every


def test_the_broadcast_holds_the_width_besides() -> None:
    dot, additive = (peak(score, DenseKernel(), 16, 64) for score in (Dot, Additive))
    assert additive > 64 * 64 * 32 * 4 / 2**20  # B · T · S · H · D floats, for the tanh
    assert dot < additive / 4


def test_the_gradients_are_part_of_the_peak() -> None:
    states = 256 * 256 * 4 / 2**20
    assert peak(Average, FusedKernel(), 128, 256) > 2 * states  # of the context, of the values
