"""The results of a job, before they are part of a record."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from attnbench import record
from attnbench.training.resume import StateFile


class Folders(NamedTuple):
    """Where a job writes: its own folder, the state of its training, and the folder in which the jobs of a sweep share
    what they cost, if any.
    """

    own: Path
    training: StateFile
    costs: Path | None


@dataclass(frozen=True)
class Results:
    """The fields of a record that a job computes. What a job does not measure stays None."""

    evaluation_s: float | None = None
    training: record.Training | None = None
    quality: record.Quality | None = None
    beyond: record.Quality | None = None
    step: record.StepCost | None = None
    scaling: record.Scaling | None = None
    alignment: record.AlignmentQuality | None = None
    alignments: list[record.Alignment] = field(default_factory=list)
    regression: record.Regression | None = None
