"""Initial values that do not depend on what else the model has."""

import zlib

import torch
from torch import nn


def initialise(model: nn.Module, seed: int) -> None:
    """Draws each module's initial values anew, from a generator seeded by `seed` and the module's path.

    Two models that share a path share its initial values, whatever else differs between them: without this, a score
    with parameters would shift the random numbers of all that is made after it. Every module with parameters of its
    own has a `reset_parameters`, as torch's do.
    """
    with torch.random.fork_rng(devices=[]):
        for path, module in model.named_modules():
            if next(module.parameters(recurse=False), None) is not None:
                torch.manual_seed(zlib.crc32(f"{seed}/{path}".encode()))
                module.reset_parameters()  # pyright: ignore[reportCallIssue]
