"""The time of a training step of each mechanism."""

import pandas as pd

from attnbench.report.statistics.estimate import Estimate
from attnbench.report.statistics.repetitions import quartiles
from attnbench.report.study.frames import medians

COLUMNS = ("step_ms", "step_ms_q1", "step_ms_q3", "repetitions")


def step_times(steps: pd.DataFrame) -> dict[str, Estimate]:
    """By mechanism, the median over its jobs between the quartiles, the fastest first; without the quartiles if there
    were too few repetitions.
    """
    found = {name: row.values() for name, row in medians(steps, COLUMNS).items()}
    return {name: quartiles(*values) for name, values in found.items()}
