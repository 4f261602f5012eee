"""How far sessions agree, from made-up times."""

from dataclasses import replace

import pytest

from attnbench.report.analysis import Analysis
from attnbench.report.statistics.session_agreement import (
    ExponentAgreement,
    OrderAgreement,
    exponent_agreement,
    order_agreement,
)
from attnbench.report.study.cost_ratios import Measured
from attnbench.report.study.study import study
from attnbench.report.tables.growth import stability
from tests.report import records

CPU = Measured("cpu", "attention")
LENGTHS = (256, 512, 1024, 2048)


def times(power: float, ms: float) -> dict[int, float]:
    return {n: ms * (n / 256) ** power for n in LENGTHS}


def test_the_exponent_furthest_from_the_median() -> None:
    sessions = [{"a": times(power, 1.0)} for power in (1.9, 2.0, 2.05)]
    sessions[0]["b"] = times(1.0, 1.0)
    (found,) = exponent_agreement([*sessions, {"a": dict.fromkeys(LENGTHS, 1.0)}])
    assert found[:5] == ("a", 4, 3, 256, 2048)
    assert found[5:] == pytest.approx((2.0, 0.1))


def test_an_exponent_that_no_session_reaches_has_no_spread() -> None:
    assert exponent_agreement([{"a": {256: 1.0}}] * 2) == [ExponentAgreement("a", 2, 0, None, None, None, None)]


def test_a_change_of_order_is_told_with_its_size() -> None:
    steady = {"a": times(2.0, 1.0), "c": times(2.0, 9.0)}
    found = order_agreement([steady | {"b": times(2.0, ms)} for ms in (1.2, 0.9, 1.1)])
    assert (found.pairs, found.changed) == (12, 4)
    assert found.furthest == pytest.approx(0.1)
    assert order_agreement([steady] * 3) == OrderAgreement(4, 0, 0.0)


def test_several_sessions_are_told_with_their_spread() -> None:
    jobs = []
    for session in (1, 2):
        for score in ("dot", "additive"):
            one = records.cost_only(records.attention(score, seed=session))
            assert one.scaling
            jobs.append(replace(one, scaling=replace(one.scaling, session=f"s{session}")))
    (found,) = stability(Analysis(study(jobs)), CPU)
    assert [row[:4] for row in found.rows] == [("additive", 2, 2, "128–2,048"), ("dot", 2, 2, "256–4,096")]
    assert "2 sessions" in found.caption
    assert not list(stability(Analysis(study(jobs[:2])), CPU))


def test_one_session_has_no_deviation() -> None:
    (found,) = exponent_agreement([{"a": times(2.0, 1.0)}, {"a": dict.fromkeys(LENGTHS, 1.0)}])
    assert (found.sessions, found.reached, found.exponent, found.deviation) == (2, 1, pytest.approx(2.0), None)
