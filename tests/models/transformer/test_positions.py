"""Positions: the same codes wherever a sentence is cut, and a clear message at the end of the table."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from attnbench.errors import UserError
from attnbench.models.transformer.positions import Learned, Sinusoidal, Unordered


@given(st.integers(1, 9), st.integers(0, 5000), st.integers(1, 4))
def test_sinusoids_are_those_of_the_formula(width: int, position: int, count: int) -> None:
    zeros = torch.zeros(1, count, width, dtype=torch.float64)
    code = Sinusoidal(width)(zeros, position)[0]
    for t in range(count):
        for i in range(width):
            angle = (position + t) / 10000 ** (2 * (i // 2) / width)
            wave = math.cos(angle) if i % 2 else math.sin(angle)
            assert code[t, i].item() == pytest.approx(wave, abs=1e-9)


@pytest.mark.parametrize("kind", [Sinusoidal, Learned, Unordered])
def test_a_piece_has_the_codes_of_its_place(kind: type[torch.nn.Module]) -> None:
    positions, states = kind(5), torch.randn(2, 7, 5)
    whole = positions(states)
    pieces = [positions(states[:, :3]), positions(states[:, 3:], 3)]
    torch.testing.assert_close(torch.cat(pieces, dim=1), whole)
    assert torch.equal(whole, states) == (kind is Unordered)


def test_low_precision_does_not_blur_far_positions() -> None:
    states = torch.zeros(1, 2, 4, dtype=torch.bfloat16)
    code = Sinusoidal(4)(states, 1000)[0].float()
    assert code[0, 0].item() == pytest.approx(math.sin(1000), abs=0.01)
    assert code[1, 0].item() == pytest.approx(math.sin(1001), abs=0.01)


def test_a_table_has_an_end() -> None:
    positions, states = Learned(4, longest=6), torch.zeros(1, 3, 4)
    assert torch.equal(positions(states, 3)[0], positions.table[3:6])
    with pytest.raises(UserError, match=r"positions\.longest=6: there are 7 .*; set positions\.longest=7 or more"):
        positions(states, 4)
    with pytest.raises(UserError, match=r"positions\.longest=0: must be 1 or more"):
        Learned(4, longest=0)
