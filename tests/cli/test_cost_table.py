"""The tables of a cost session, from made-up records."""

from dataclasses import replace

import pytest

from attnbench import record
from attnbench.cli.cost_table import print_costs
from attnbench.record import (
    CostStatus,
    Environment,
    Factor,
    Passes,
    Record,
    Scaling,
    ScalingPoint,
)

WHERE = Environment("3.12", {}, None, "Linux", "a chip", 2, 2, 8.0, "cpu", "a chip")


def point(length: int, passes: Passes, ms: float, mib: float) -> ScalingPoint:
    return ScalingPoint(length, passes, "measured", ms, ms, ms, mib, None, 5, False, None, None, None, None)


def missing(length: int, passes: Passes, status: CostStatus, error: str | None = None) -> ScalingPoint:
    return ScalingPoint(length, passes, status, None, None, None, None, error, 0, False, None, None, None, None)


def contender(name: str, *points: ScalingPoint, baseline: str = "sdpa", session: str = "s", seed: int = 1) -> Record:
    factors: dict[str, Factor] = {"contender": name, "heads": 4}
    scaling = Scaling(None, 1, 4, 64, list(points), None, session, baseline)
    return Record(
        *(record.VERSION, f"{name}{seed if seed > 1 else ''}", "cost", "cost", "finished", None, factors, [], seed, {}),
        *(WHERE, "2026-01-01T00:00:00+00:00", 1.0, None, None, None, None),
        scaling=scaling,
        alignment=None,
        alignments=[],
        regression=None,
    )


SDPA = contender("sdpa", *(point(n, p, n / 8, n / 4) for n in (8, 64) for p in ("forward", "forward+backward")))


def printed(capsys: pytest.CaptureFixture[str], *records: Record) -> str:
    print_costs(records)
    return capsys.readouterr().out


def test_values_ratios_and_signs_are_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    dense = contender(
        "dense",
        replace(point(8, "forward", 123.4, 4.0), noisy=True),
        point(8, "forward+backward", 0.5, 6.0),
        missing(64, "forward", "out_of_memory"),
        missing(64, "forward+backward", "over_budget"),
    )
    flex = contender(
        "flex",
        point(8, "forward", 2.0, 2.0),
        missing(8, "forward+backward", "unsupported", "not here"),
        point(64, "forward", 8.0, 2.0),
        missing(64, "forward+backward", "unsupported", "not here"),
    )
    absent = replace(contender("xformers"), status="failed", error="is not installed", scaling=None)
    assert (
        printed(capsys, SDPA, dense, flex, absent)
        == """\
forward (ms)      8     64                   ~ n^  asymptote
sdpa          1.00   8.00   not reached by n = 64
dense          123~   OOM    not reached by n = 8
flex          2.00   8.00   not reached by n = 64
xformers          -      -

forward + backward (ms)       8     64                   ~ n^  asymptote
sdpa                      1.00   8.00   not reached by n = 64
dense                    0.500      >    not reached by n = 8
flex                        no     no
xformers                      -      -

peak memory (MiB)      8     64                   ~ n^  asymptote
sdpa               2.00   16.0   not reached by n = 64
dense              6.00      >    not reached by n = 8
flex                 no     no
xformers               -      -

x the baseline  forward (ms)  forward + backward (ms)  peak memory (MiB)    of
sdpa             1.00x at 64              1.00x at 64        1.00x at 64  sdpa
dense              123x at 8              0.500x at 8         3.00x at 8  sdpa
flex             1.00x at 64                                              sdpa
xformers

~: noisy, the quartiles are far apart. OOM: out of memory; >: over the budget; no: not supported.
asymptote: the growth of a call's operations in closed form; for memory, of the bytes that it reads and writes.
flex: forward+backward: not here
xformers: is not installed
"""
    )


def test_an_exponent_has_its_lengths_and_its_asymptote(capsys: pytest.CaptureFixture[str]) -> None:
    points = [replace(point(n, "forward", 1 + n**2 / 1e3, 9.0), flops=4.0 * n**2) for n in (64, 128, 256, 512, 1024)]
    assert printed(capsys, contender("ours", *points)).splitlines()[1].endswith("1.97 for n = 128 to 1,024         n²")


def test_each_is_held_against_its_own_baseline(capsys: pytest.CaptureFixture[str]) -> None:
    local = contender("local", point(64, "forward", 4.0, 1.0), baseline="local")
    windowed = contender("windowed", point(64, "forward", 1.0, 1.0), baseline="local")
    lines = printed(capsys, SDPA, local, windowed).splitlines()
    last = {line.split()[0]: line.split()[1:] for line in lines if line}
    assert last["windowed"] == ["0.250x", "at", "64", "local"]
    assert last["local"] == ["1.00x", "at", "64", "local"]


def test_there_is_no_ratio_to_another_session(capsys: pytest.CaptureFixture[str]) -> None:
    other = contender("dense", point(8, "forward", 3.0, 4.0), session="another")
    assert printed(capsys, SDPA, other).splitlines()[2].split()[:2] == ["dense", "3.00"]


def test_seeds_are_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    twice = [contender("sdpa", point(8, "forward", 3.0, 4.0), seed=seed) for seed in (1, 2)]
    lines = printed(capsys, *twice).splitlines()
    assert [line.split("  ")[0] for line in lines[1:3]] == ["sdpa · seed 1", "sdpa · seed 2"]


def test_times_of_few_repetitions_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    assert "repetitions" not in printed(capsys, SDPA)
    once = contender("once", replace(point(8, "forward", 1.0, 1.0), repetitions=2), missing(64, "forward", "failed"))
    assert "One time is of fewer than 3 repetitions: the noise is not known." in printed(capsys, SDPA, once)
