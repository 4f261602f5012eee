"""The table at the end of a sweep, from made-up records."""

import pytest

from attnbench.cli.sweep_table import print_table
from tests.report import records


def test_exponents_have_their_lengths_and_asymptotes(capsys: pytest.CaptureFixture[str]) -> None:
    print_table([records.attention(), records.no_attention()])
    head, _, attention, none = capsys.readouterr().out.splitlines()
    for column in ("time ~ n^", "asymptote (FLOPs)", "memory ~ n^", "asymptote (bytes moved)"):
        assert column in head
    start, end = head.index("time ~ n^"), head.index("seconds")
    time, operations, memory, moved = (cell for cell in attention[start:end].split("  ") if cell.strip())
    assert time.strip() == "1.98 for n = 256 to 4,096"
    assert memory.strip().endswith("to 4,096")
    assert (operations.strip(), moved.strip()) == ("n²", "n")
    assert not none[start:end].strip()
