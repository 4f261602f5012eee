"""Cheap random bits: a hash of a place and of a seed. torch's generator draws the seed.

The hash is the finaliser of MurmurHash3 (Appleby 2011). It takes a small part of the time of a draw by that generator.
"""

import numpy as np
import torch

from attnbench.compiled.elementary import compile_loop

SPREAD, FIRST, SECOND = np.uint32(0x9E3779B9), np.uint32(0x85EBCA6B), np.uint32(0xC2B2AE35)
SEEDS = 2**31


def new_seed() -> int:
    """The next seed from torch's generator."""
    return int(torch.randint(SEEDS, ()))


@compile_loop
def bits(place: int, seed: np.uint32) -> np.uint32:
    """32 random bits of a place."""
    h = np.uint32(np.uint32(place) * SPREAD) ^ seed
    h = np.uint32((h ^ (h >> np.uint32(16))) * FIRST)
    h = np.uint32((h ^ (h >> np.uint32(13))) * SECOND)
    return h ^ (h >> np.uint32(16))
