"""Initial values that do not depend on the other parts of the model."""

import zlib

import torch
from torch import nn


def initialise(model: nn.Module, seed: int) -> None:
    """Draws the initial values of each module again, from a generator seeded by `seed` and the path of the module.

    Two models share the initial values of each path that both have. Without this, a score with parameters would shift
    the random numbers of all modules that are made after it. Every module with its own parameters has a
    `reset_parameters`, as torch's modules do.
    """
    with torch.random.fork_rng(devices=[]):
        for path, module in model.named_modules():
            if next(module.parameters(recurse=False), None) is not None:
                torch.manual_seed(zlib.crc32(f"{seed}/{path}".encode()))
                module.reset_parameters()  # pyright: ignore[reportCallIssue]
