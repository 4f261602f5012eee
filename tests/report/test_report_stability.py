"""How far sessions agree, from made-up records."""

from dataclasses import replace

import pytest
from records import no_attention

from attnbench.record import Record, Scaling, ScalingPoint
from attnbench.report.stability import Order, agreement, order

LENGTHS = (256, 512, 1024)


def measured(key: str, session: str, power: float, ms: float) -> Record:
    points = [
        ScalingPoint(n, "forward+backward", "measured", ms * (n / 256) ** power, 0, 0, 1, None, 5, False, *[None] * 4)
        for n in LENGTHS
    ]
    return replace(no_attention(), key=key, scaling=Scaling(None, 1, 4, 64, points, None, session, None))


def test_the_exponent_furthest_from_the_median() -> None:
    records = [measured("a", str(i), power, 1.0) for i, power in enumerate((1.9, 2.0, 2.05))]
    (found,) = agreement([*records, measured("b", "0", 1.0, 1.0)])
    assert (found.key, found.sessions) == ("a", 3)
    assert (found.exponent, found.deviation) == (pytest.approx(2.0), pytest.approx(0.1))


def test_a_change_of_order_is_told_with_its_size() -> None:
    steady = [measured(key, session, 2.0, ms) for key, ms in (("a", 1.0), ("c", 9.0)) for session in "xyz"]
    moving = [measured("b", session, 2.0, ms) for session, ms in (("x", 1.2), ("y", 0.9), ("z", 1.1))]
    found = order([*steady, *moving])
    assert (found.pairs, found.changed, found.furthest) == (9, 3, pytest.approx(0.1))
    assert order(steady) == Order(3, 0, 0.0)
