"""The tables of a cost session, from made-up records."""

from dataclasses import replace

import pytest

from attnbench import record
from attnbench.cli.cost_table import print_costs
from attnbench.record import CostStatus, Environment, Factor, Passes, Record, Scaling, ScalingPoint

WHERE = Environment("3.12", {}, None, "Linux", "a chip", 2, 2, 8.0, "cpu", "a chip")


def point(length: int, passes: Passes, ms: float, mib: float) -> ScalingPoint:
    return ScalingPoint(length, passes, "measured", ms, ms, ms, mib, None)


def missing(length: int, passes: Passes, status: CostStatus, error: str | None = None) -> ScalingPoint:
    return ScalingPoint(length, passes, status, None, None, None, None, error)


def contender(name: str, *points: ScalingPoint, baseline: str = "sdpa", session: str = "s", seed: int = 1) -> Record:
    factors: dict[str, Factor] = {"contender": name, "heads": 4}
    scaling = Scaling(None, 1, 4, 64, list(points), None, None, session, baseline)
    return Record(
        *(record.VERSION, f"{name}{seed if seed > 1 else ''}", "cost", "cost", "finished", None, factors, [], seed, {}),
        *(WHERE, "2026-01-01T00:00:00+00:00", 1.0, None, None, None),
        scaling=scaling,
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
        point(8, "forward", 123.4, 4.0),
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
forward (ms)            8           64   x of
sdpa           1.00 1.00x   8.00 1.00x   sdpa
dense           123  123x    OOM         sdpa
flex           2.00 2.00x   8.00 1.00x   sdpa
xformers          -            -

forward + backward (ms)              8           64   x of
sdpa                       1.00  1.00x   8.00 1.00x   sdpa
dense                     0.500 0.500x      >         sdpa
flex                         no            no         sdpa
xformers                      -             -

peak memory (MiB)            8           64   x of
sdpa                2.00 1.00x   16.0 1.00x   sdpa
dense               6.00 3.00x      >         sdpa
flex                  no           no         sdpa
xformers               -            -

x: times the baseline. OOM: out of memory; >: over the budget; no: not supported.
flex: forward+backward: not here
xformers: is not installed
"""
    )


def test_each_is_held_against_its_own_baseline(capsys: pytest.CaptureFixture[str]) -> None:
    local = contender("local", point(64, "forward", 4.0, 1.0), baseline="local")
    windowed = contender("windowed", point(64, "forward", 1.0, 1.0), baseline="local")
    lines = printed(capsys, SDPA, local, windowed).splitlines()
    assert lines[3].split() == ["windowed", "1.00", "0.250x", "local"]
    assert lines[2].split() == ["local", "4.00", "1.00x", "local"]


def test_there_is_no_ratio_to_another_session(capsys: pytest.CaptureFixture[str]) -> None:
    other = contender("dense", point(8, "forward", 3.0, 4.0), session="another")
    assert printed(capsys, SDPA, other).splitlines()[2].split() == ["dense", "3.00"]


def test_seeds_are_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    twice = [contender("sdpa", point(8, "forward", 3.0, 4.0), seed=seed) for seed in (1, 2)]
    lines = printed(capsys, *twice).splitlines()
    assert [line.split("   ")[0] for line in lines[1:3]] == ["sdpa · seed 1", "sdpa · seed 2"]
