"""The state of a training in a file, so that a training whose process has ended goes on from there.

A training that goes on ends with the same digits as one that was never interrupted, if both run on the CPU with the
same number of threads.
"""

import logging
from pathlib import Path
from typing import Any

import torch

from attnbench.files import written_whole

log = logging.getLogger(__name__)

NAME = "training.pt"  # in the folder of a job, until the job has finished

State = dict[str, Any]  # tensors, numbers, texts, and lists and dictionaries of them


class StateFile:
    """Where the state of a training is kept.

    Args:
        path: of the file.
        owner: what the state is of: the job, the code and the device. A state of another owner is not used.

    Attributes:
        earlier_s: seconds that earlier processes have trained.
    """

    def __init__(self, path: Path, owner: dict[str, Any]) -> None:
        self.path, self.owner = path, owner
        self.earlier_s = 0.0

    def load(self) -> State | None:
        """The state; None if there is none, if it cannot be read, or if it is of another owner."""
        if not self.path.is_file():
            return None
        try:
            saved = torch.load(self.path, map_location="cpu", weights_only=True)
            if saved["owner"] == self.owner:
                return saved["state"]
            log.info("%s is of another version of the code or of another device; the training starts anew", self.path)
        except Exception as error:  # a damaged file raises anything
            log.warning("%s cannot be read (%s); the training starts anew", self.path.name, type(error).__name__)
        return None

    def save(self, state: State) -> None:
        """Writes the whole file or nothing. A training goes on without it, if the disk is full."""
        try:
            with written_whole(self.path) as draft:
                torch.save({"owner": self.owner, "state": state}, draft)
        except (OSError, RuntimeError) as error:  # torch tells a full disk as a RuntimeError
            log.warning("%s cannot be written (%s); a killed job would start anew", self.path.name, error)


def random_state() -> State:
    """The state of torch's generators: of the CPU, and of each GPU that is in use."""
    devices = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
    return {"cpu": torch.get_rng_state(), "cuda": devices}


def restore_random_state(state: State) -> None:
    torch.set_rng_state(state["cpu"])
    if state["cuda"]:
        torch.cuda.set_rng_state_all(state["cuda"])
