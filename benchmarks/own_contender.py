"""Our training as a contender: own_contender.py [--textbook] OVERRIDES... It obeys `turns.Player`."""

import itertools
import sys
from contextlib import nullcontext
from pathlib import Path

import torch
from hydra import compose, initialize_config_dir
from turns import Player

from attnbench.cli.paths import CONF
from attnbench.compiled import textbook
from attnbench.job.build import build, build_compute, build_model
from attnbench.models.initialise import initialise
from attnbench.tasks.batches import Batches
from attnbench.training.step import TrainingStep


def train(overrides: list[str]) -> None:
    """Trains the model of a job, without end."""
    player = Player()
    with initialize_config_dir(str(Path(CONF).absolute()), version_base="1.3"):
        cfg = compose("train", overrides=overrides)
    task, compute, recipe = build(cfg.task), build_compute(cfg), build(cfg.training)
    model = build_model(cfg.model, len(task.source), len(task.target)).to(compute.device)
    initialise(model, cfg.seed)
    batches = Batches(task, task.train, recipe.batch_size, compute.device)
    step = TrainingStep(model, recipe, recipe.budget(len(batches)), compute)
    torch.manual_seed(cfg.seed)
    for epoch in itertools.count():
        for batch in batches.shuffled(cfg.seed, epoch):
            step(batch)
            player.between_updates(batch.target_tokens)


if __name__ == "__main__":
    overrides = [argument for argument in sys.argv[1:] if argument != "--textbook"]
    with textbook() if len(overrides) < len(sys.argv) - 1 else nullcontext():
        train(overrides)
