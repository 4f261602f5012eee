"""The results of a job, before they are part of a record."""

from dataclasses import dataclass, field

from attnbench import record


@dataclass(frozen=True)
class Results:
    """The fields of a record that a job computes. What a job does not measure stays None."""

    training: record.Training | None = None
    quality: record.Quality | None = None
    beyond: record.Quality | None = None
    step: record.StepCost | None = None
    scaling: record.Scaling | None = None
    alignment: record.AlignmentQuality | None = None
    alignments: list[record.Alignment] = field(default_factory=list)
    regression: record.Regression | None = None
