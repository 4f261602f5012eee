"""Time by a clock that the test winds, and how cost grows with length."""

import math
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace

import pytest
import torch

from attnbench.attention import Attention
from attnbench.attention import scores as scores_module
from attnbench.attention.kernels import Auto, Dense, Fused, Kernel
from attnbench.attention.scopes import Global
from attnbench.attention.scores import Additive, Average, Cosine, Dot, Gaussian, General, Location, ScaledDot, Score
from attnbench.attention.selection import Soft
from attnbench.errors import UserError
from attnbench.measure import timing
from attnbench.measure.scaling import Lengths, exponent, measure_scaling
from attnbench.measure.timing import Timing, once_ms, time_call, time_interleaved

CPU = torch.device("cpu")


class Clock:
    """A clock that only moves when a task takes its time."""

    def __init__(self) -> None:
        self.now_ms, self.log = 0.0, list[str]()

    def task(self, name: str, durations: list[float]) -> Callable[[], None]:
        """Takes as many milliseconds as comes next, then the last of them for good."""

        def run() -> None:
            self.log.append(name)
            self.now_ms += durations.pop(0) if len(durations) > 1 else durations[0]

        return run


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(timing, "time", SimpleNamespace(perf_counter=lambda: made.now_ms / 1000))
    return made


def test_median_and_quartiles_of_what_follows_the_warm_up(clock: Clock) -> None:
    task = clock.task("a", [1000.0, 500.0, 40.0, 10.0, 50.0, 20.0, 30.0])
    assert time_call(task, CPU, repetitions=5) == pytest.approx(Timing(30.0, 20.0, 40.0, 5))


def test_contenders_take_turns(clock: Clock) -> None:
    tasks = [clock.task("a", [10.0]), clock.task("b", [20.0])]
    found = time_interleaved(tasks, CPU, repetitions=3)
    assert "".join(clock.log) == "aabb" + "ab" * 3
    assert [one.median for one in found] == pytest.approx([10.0, 20.0])


def test_a_short_call_is_repeated_until_the_clock_can_tell(clock: Clock) -> None:
    found = time_call(clock.task("a", [0.25]), CPU, repetitions=2)
    assert len(clock.log) == 2 + 2 * 8  # 8 x 0.25 ms = 2 ms
    assert found.median == pytest.approx(0.25)


def test_a_single_repetition_is_its_own_quartiles(clock: Clock) -> None:
    assert time_call(clock.task("a", [5.0]), CPU, repetitions=1) == pytest.approx(Timing(5.0, 5.0, 5.0, 1))


def test_a_real_clock_sees_a_real_wait() -> None:
    assert 0 < once_ms(lambda: sum(range(1000)), CPU, count=3) < 1000


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0, 2.0, 3.0])
def test_the_exponent_of_a_power_law(power: float) -> None:
    lengths = [64, 128, 256, 512, 1024]
    assert exponent({length: 3.7 * length**power for length in lengths}) == pytest.approx(power, abs=1e-12)


def test_the_exponent_is_that_of_the_longer_half() -> None:
    assert exponent({8: 100.0, 16: 100.0, 32: 1.0, 64: 4.0}) == pytest.approx(2.0)
    assert exponent({64: 4.0, 8: 100.0, 32: 1.0, 16: 100.0}) == pytest.approx(2.0)


@pytest.mark.parametrize("values", [{}, {8: 1.0}, {8: 0.0, 16: 1.0}])
def test_fewer_than_two_points_have_no_exponent(values: dict[int, float]) -> None:
    assert exponent(values) is None


def layer(width: int, score: type[Score] = Dot, kernel: Kernel | None = None, heads: int = 2) -> Attention:
    return Attention(width, score=score, scope=Global, selection=Soft, kernel=kernel or Auto(), heads=heads)


def grid(*lengths: int, max_seconds: float = 60.0) -> Lengths:
    return Lengths(lengths, batch_size=1, repetitions=1, max_seconds=max_seconds)


FACTORED = [Dot, ScaledDot, Cosine, General, Location, Gaussian, Average]


def peak(made: Callable[[int], Attention], width: int, length: int) -> float:
    """Of one length, in MiB."""
    found = measure_scaling(made, width, grid(length), CPU).points[0].peak_mib
    assert found is not None
    return found


@pytest.mark.parametrize("score", FACTORED)
def test_fused_never_holds_the_whole_matrix(score: type[Score]) -> None:
    matrix = 2 * 512 * 512 * 4 / 2**20
    assert peak(partial(layer, score=score, kernel=Fused()), 16, 512) < matrix / 2


def test_the_memory_of_dense_grows_with_the_square() -> None:
    found = measure_scaling(partial(layer, kernel=Dense()), 16, grid(128, 256, 512), CPU)
    assert found.kernel == "dense"
    assert found.memory_exponent == pytest.approx(2.0, abs=0.15)


def test_every_score_that_has_feature_maps_is_in_the_list() -> None:
    every = {one for one in vars(scores_module).values() if isinstance(one, type) and issubclass(one, Score)}
    assert {one for one in every if one.factored} == {Score, *FACTORED}
    assert Additive in every


def test_the_broadcast_holds_the_width_besides() -> None:
    dot, additive = (peak(partial(layer, score=score, kernel=Dense()), 32, 64) for score in (Dot, Additive))
    assert additive > 64 * 64 * 32 * 4 / 2**20  # B · T · S · H · D floats, for the tanh
    assert dot < additive / 4


def test_the_gradients_are_part_of_the_peak() -> None:
    states = 256 * 256 * 4 / 2**20
    assert peak(partial(layer, score=Average, kernel=Fused()), 256, 256) > 2 * states  # of the context, of the states


def test_it_stops_at_the_budget() -> None:
    found = measure_scaling(layer, 8, grid(8, 16, 4096, 8192, max_seconds=1.0), CPU)
    assert [point.status for point in found.points] == ["measured", "measured", "over_budget", "over_budget"]
    for point in found.points[2:]:
        assert (point.ms, point.ms_q1, point.ms_q3, point.peak_mib) == (None, None, None, None)
    assert found.time_exponent is not None
    assert (found.batch_size, found.heads, found.head_dim) == (1, 2, 4)


class Limited(Attention):
    """Gives up beyond sixteen queries."""

    error: Exception = torch.OutOfMemoryError("no more")

    def remember(self, states: torch.Tensor, lengths: torch.Tensor) -> object:  # pyright: ignore[reportIncompatibleMethodOverride]
        if states.shape[1] > 16:
            raise self.error
        return super().remember(states, lengths)


def limited(width: int) -> Attention:
    return Limited(width, score=Dot, scope=Global, selection=Soft, kernel=Dense())


def test_running_out_of_memory_is_a_result() -> None:
    found = measure_scaling(limited, 8, grid(8, 16, 32, 64), CPU)
    assert [point.status for point in found.points] == ["measured", "measured", "out_of_memory", "over_budget"]
    assert found.points[1].ms is not None
    assert found.points[2].ms is None


def test_another_fault_is_not_taken_for_a_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Limited, "error", RuntimeError("a bug"))
    with pytest.raises(RuntimeError, match="a bug"):
        measure_scaling(limited, 8, grid(8, 32), CPU)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"lengths": [16, 8]}, r"cost\.lengths=\[16, 8\]: must be positive numbers that grow"),
        ({"lengths": []}, r"cost\.lengths=\[\]"),
        ({"lengths": [0, 8]}, r"cost\.lengths=\[0, 8\]"),
        ({"repetitions": 0}, r"cost\.repetitions=0: must be greater than 0"),
        ({"max_seconds": math.nan}, r"cost\.max_seconds=nan: must be greater than 0"),
    ],
)
def test_lengths_that_cannot_be_are_named(changed: dict[str, object], message: str) -> None:
    values = {"lengths": [8, 16], "batch_size": 1, "repetitions": 1, "max_seconds": 1.0} | changed
    with pytest.raises(UserError, match=message):
        Lengths(**values)  # pyright: ignore[reportArgumentType]
