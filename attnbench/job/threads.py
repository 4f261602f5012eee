"""How many threads a training takes."""

import copy
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from attnbench.cost.timing import once_ms
from attnbench.device import Compute
from attnbench.models.model import Model
from attnbench.tasks.batches import Batch
from attnbench.training.recipe import Recipe
from attnbench.training.step import TrainingStep

log = logging.getLogger(__name__)

TRIES = 4  # steps with each number of threads; the first warms up
GAIN = 0.9  # more threads must take at most this share of the time: a step has few large operations


@contextmanager
def threads_restored() -> Iterator[None]:
    """After this context, torch has as many threads as before it."""
    threads = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def take_threads_that_pay(model: Model, recipe: Recipe, batch: Batch, compute: Compute) -> None:
    """Tries 1, 2, 4, ... threads on copies of the model, up to the current number, and sets the number that pays.

    Small models gain nothing from a second thread.
    """
    most, best, best_ms = torch.get_num_threads(), 1, float("inf")
    for threads in sorted({most, *(2**power for power in range(most.bit_length()))}):
        torch.set_num_threads(threads)
        step = TrainingStep(copy.deepcopy(model), recipe, compute)
        ms = min([once_ms(lambda step=step: step(batch), compute.device) for _ in range(TRIES)][1:])
        log.info("a step takes %.1f ms with %d threads", ms, threads)
        if ms < GAIN * best_ms:
            best, best_ms = threads, ms
    torch.set_num_threads(best)
