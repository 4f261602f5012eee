"""JoeyNMT as a contender: contender.py CONFIGURATION, in the environment of JoeyNMT. It obeys `turns.Player`."""

import functools
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

# pyright: reportMissingImports=false, reportAttributeAccessIssue=false
import joeynmt.builders
from joeynmt import training
from joeynmt.config import load_config
from turns import Player


class PacedTraining(training.TrainManager):
    """JoeyNMT's training, which waits between two updates while it is another contender's turn."""

    player = Player()

    def _train_step(self, batch):  # noqa: ANN001, ANN202 - the signature is JoeyNMT's
        result = super()._train_step(batch)
        self.player.between_updates(batch.ntokens)
        return result


def without_verbose(scheduler):  # noqa: ANN001, ANN201
    """JoeyNMT passes `verbose`, which today's torch does not take."""

    @functools.wraps(scheduler, updated=())
    def make(*arguments, verbose=False, **options):  # noqa: ANN001, ANN002, ANN003, ANN202
        return scheduler(*arguments, **options)

    return make


if __name__ == "__main__":
    joeynmt.builders.ReduceLROnPlateau = without_verbose(joeynmt.builders.ReduceLROnPlateau)
    training.TrainManager = PacedTraining
    config = load_config(Path(sys.argv[1]))
    Path(config["model_dir"]).mkdir(parents=True, exist_ok=True)
    training.train(rank=0, world_size=None, cfg=config, skip_test=True)
