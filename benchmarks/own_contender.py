"""Our training as a contender: own_contender.py [--textbook] OVERRIDES... It obeys `turns.Player`."""

import itertools
import sys
from contextlib import nullcontext

import torch
from own_job import prepare
from turns import Player

from attnbench.compiled import textbook
from attnbench.tasks.batches import Batches
from attnbench.training.step import TrainingStep


def train(overrides: list[str]) -> None:
    """Trains the model of a job, without end."""
    player = Player()
    model, task, recipe, compute, seed = prepare(overrides)
    batches = Batches(task, task.train, recipe.batch_size, compute.device)
    step = TrainingStep(model, recipe, compute)
    torch.manual_seed(seed)
    for epoch in itertools.count():
        for batch in batches.shuffled(seed, epoch):
            step(batch)
            player.between_updates(batch.target_tokens)


if __name__ == "__main__":
    overrides = [argument for argument in sys.argv[1:] if argument != "--textbook"]
    with textbook() if len(overrides) < len(sys.argv) - 1 else nullcontext():
        train(overrides)
