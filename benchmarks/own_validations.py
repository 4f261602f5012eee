"""Prints the minutes since the first update and the BLEU of each validation: own_validations.py OVERRIDES..."""

import sys

from own_job import prepare

from attnbench.record import HistoryPoint
from attnbench.training.fit import Callbacks, fit


def show(point: HistoryPoint) -> None:
    print(point.elapsed_s / 60, point.validation_bleu, flush=True)


if __name__ == "__main__":
    model, task, recipe, compute, seed = prepare(sys.argv[1:])
    callbacks = Callbacks(progress=False, pause=lambda: 0.0, validated=show, updated=lambda update, values: None)
    fit(model, task, recipe, compute, seed=seed, callbacks=callbacks)
