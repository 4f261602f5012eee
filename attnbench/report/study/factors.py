"""A response beside the factors that act on it."""

from collections.abc import Mapping

import pandas as pd

from attnbench.report.study.study import Study


def by_job(study: Study, name: str, values: Mapping[int, float]) -> pd.DataFrame:
    """A row for each job that has a value: its factors, as text, and the value in column `name`."""
    factors = [{key: str(value) for key, value in study.records[job].factors.items()} for job in values]
    frame = pd.DataFrame(factors, dtype=object)
    frame[name] = [*values.values()]
    return frame
