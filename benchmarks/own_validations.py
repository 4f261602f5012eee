"""Prints the minutes since the first update and the BLEU of each validation: own_validations.py OVERRIDES..."""

import sys
from pathlib import Path

from hydra import compose, initialize_config_dir

from attnbench.cli.paths import CONF
from attnbench.job.build import build, build_compute, build_model
from attnbench.models.initialise import initialise
from attnbench.record import HistoryPoint
from attnbench.training.fit import Callbacks, fit


def show(point: HistoryPoint) -> None:
    print(point.elapsed_s / 60, point.validation_bleu, flush=True)


if __name__ == "__main__":
    with initialize_config_dir(str(Path(CONF).absolute()), version_base="1.3"):
        cfg = compose("train", overrides=sys.argv[1:])
    task, compute = build(cfg.task), build_compute(cfg)
    model = build_model(cfg.model, len(task.source), len(task.target)).to(compute.device)
    initialise(model, cfg.seed)
    callbacks = Callbacks(progress=False, pause=lambda: 0.0, validated=show)
    fit(model, task, build(cfg.training), compute, seed=cfg.seed, callbacks=callbacks)
