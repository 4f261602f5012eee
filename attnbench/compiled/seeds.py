"""The seeds of cheap random bits, which torch's generator draws. See `attnbench.compiled.loops.bits`."""

import torch

SEEDS = 2**31


def new_seed() -> int:
    """The next seed from torch's generator."""
    return int(torch.randint(SEEDS, ()))
