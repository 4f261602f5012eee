"""A small model, how it is trained in these tests, and when two trainings are the same."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, partial
from typing import Any

import torch

from attnbench.attention import Attention
from attnbench.attention.kernels import AutoKernel
from attnbench.attention.key_value import Tied
from attnbench.attention.scopes import Global
from attnbench.attention.scores import Additive
from attnbench.attention.selections import Selection, Soft
from attnbench.device import Compute
from attnbench.models.initialise import initialise
from attnbench.models.rnn.decoders import Luong
from attnbench.models.rnn.rnn import RNN
from attnbench.record import HistoryPoint
from attnbench.tasks.grammar import grammar
from attnbench.tasks.task import Task
from attnbench.training.fit import Callbacks, fit
from attnbench.training.loss import CrossEntropy
from attnbench.training.recipe import Recipe

CPU = torch.device("cpu")
SHAPE: dict[str, Any] = {
    "embedding": 8,
    "width": 8,
    "cell": "gru",
    "layers": 1,
    "bidirectional": True,
    "dropout": 0.2,
}
RECIPE = Recipe(
    loss=CrossEntropy(label_smoothing=0.1),
    batch_size=8,
    batch_tokens=None,
    learning_rate=1e-2,
    warmup=2,
    schedule="constant",
    averaging=0.5,
    average_last=0,
    weight_decay=0.01,
    clip=1.0,
    teacher_forcing=1.0,
    validate_every=3,
    patience=0.9,
    stop_on="loss",
    updates=9,
    epochs=None,
    seconds=None,
)


@cache
def task() -> Task:
    return grammar(length=8, train=32, validation=6, test=1)


def model(selection: Callable[..., Selection] = Soft, seed: int = 1) -> RNN:
    attention = partial(
        Attention, score=Additive, scope=Global, selection=selection, key_value=Tied, kernel=AutoKernel()
    )
    decoder = partial(Luong, attention=attention)
    made = RNN(len(task().source), len(task().target), decoder=decoder, **SHAPE)
    initialise(made, seed)
    return made


def fitted(made: RNN, recipe: Recipe = RECIPE, seed: int = 1) -> Any:
    """The result of training, without a progress bar."""
    return fit(made, task(), recipe, Compute(CPU), seed=seed, callbacks=callbacks())


def callbacks(pause_s: float = 0.0) -> Callbacks:
    return Callbacks(
        progress=False, pause=lambda: pause_s, validated=lambda point: None, updated=lambda update, values: None
    )


def timeless(history: Sequence[HistoryPoint]) -> list[HistoryPoint]:
    return [replace(point, elapsed_s=0.0) for point in history]


def same(first: RNN, second: RNN) -> bool:
    """To the last bit."""
    pairs = zip(first.parameters(), second.parameters(), strict=True)
    return all(torch.equal(one, other) for one, other in pairs)
