"""Where the compiled forms run."""

import torch

from attnbench import compiled


def test_on_the_cpu_in_float32() -> None:
    assert compiled.runs_on(torch.zeros(1), torch.zeros(2))
    assert not compiled.runs_on(torch.zeros(1), torch.zeros(1, dtype=torch.float64))
    assert not compiled.runs_on(torch.zeros(1, device="meta"))


def test_not_where_the_textbook_is_asked_for() -> None:
    with compiled.textbook():
        assert not compiled.runs_on(torch.zeros(1))
    assert compiled.runs_on(torch.zeros(1))
