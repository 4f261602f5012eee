"""A checkpoint: the best weights, and everything that is needed to translate with them, in one file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from attnbench.errors import UserError
from attnbench.files import written_whole
from attnbench.tasks.task import Vocabulary
from attnbench.tasks.vocabulary import restore

NAME = "checkpoint.pt"


@dataclass(frozen=True)
class Checkpoint:
    """`config` is the resolved config of the job. Its node `model` makes the model of these weights."""

    config: dict[str, Any]
    weights: dict[str, Tensor]
    source: Vocabulary
    target: Vocabulary


def save(checkpoint: Checkpoint, path: Path) -> None:
    """Writes the whole file or nothing."""
    vocabularies = {"source": checkpoint.source.state(), "target": checkpoint.target.state()}
    with written_whole(path) as draft:
        torch.save({"config": checkpoint.config, "weights": checkpoint.weights, **vocabularies}, draft)


def load(path: Path) -> Checkpoint:
    """Reads a checkpoint. No code in the file is executed.

    Raises:
        UserError: there is no checkpoint at `path`, or it cannot be read.
    """
    if not path.is_file():
        raise UserError(f"run={path.parent}: has no {NAME}; name the folder of a finished job")
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
        return Checkpoint(saved["config"], saved["weights"], restore(saved["source"]), restore(saved["target"]))
    except Exception as error:
        raise UserError(f"run={path.parent}: {NAME} cannot be read: {error}".splitlines()[0]) from error
