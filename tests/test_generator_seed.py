"""Any whole number is a seed, and different numbers are different seeds."""

from itertools import combinations
from random import Random

import pytest
import torch

from attnbench.generator_seed import generator_seed

SEEDS = [0, 1, 2**40 + 7, 2**64 - 1, -1, 2**64, 2**64 + 1, 2**70, -(2**70)]


@pytest.mark.parametrize("seed", SEEDS[:4])
def test_an_ordinary_seed_is_itself(seed: int) -> None:
    assert generator_seed(seed) == seed


@pytest.mark.parametrize(("one", "other"), list(combinations(SEEDS, 2)))
def test_two_seeds_draw_different_numbers(one: int, other: int) -> None:
    one, other = generator_seed(one), generator_seed(other)
    assert Random(one).random() != Random(other).random()
    first, second = (torch.rand(1, generator=torch.Generator().manual_seed(seed)) for seed in (one, other))
    assert first.item() != second.item()
