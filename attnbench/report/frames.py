"""The few things the report asks of a data frame, with the types that pandas leaves open."""

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from attnbench.report.mechanisms import natural


def where(frame: pd.DataFrame, **values: object) -> pd.DataFrame:
    """The rows that have these values in these columns."""
    keep = pd.Series(True, index=frame.index)
    for column, value in values.items():
        keep &= frame[column] == value
    return pd.DataFrame(frame.loc[keep])


def conditions(frame: pd.DataFrame) -> list[str]:
    """The conditions of a frame, shortest length first."""
    return sorted({str(name) for name in frame["condition"]}, key=natural)


def by_condition(frame: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Each condition with its rows, shortest length first."""
    return ((name, where(frame, condition=name)) for name in conditions(frame))


def groups(frame: pd.DataFrame, column: str) -> list[tuple[Any, pd.DataFrame]]:
    """Each value of a column with its rows, in rising order."""
    return [(value, pd.DataFrame(rows)) for value, rows in frame.groupby(column)]


def numbers(frame: pd.DataFrame, column: str) -> list[float]:
    """What is there of a column of numbers."""
    return [float(value) for value in frame[column] if pd.notna(value)]


def median(frame: pd.DataFrame, column: str) -> float | None:
    """The median of what is there of a column, None where nothing is."""
    present = numbers(frame, column)
    return float(pd.Series(present).median()) if present else None


def medians(frame: pd.DataFrame, columns: Sequence[str]) -> dict[str, dict[str, float]]:
    """By mechanism, the medians of columns of numbers, in rising order of the first of them; the rest is left out."""
    found = {}
    for name, rows in groups(frame, "mechanism"):
        values = {column: median(rows, column) for column in columns}
        present = {column: value for column, value in values.items() if value is not None}
        if len(present) == len(columns):
            found[str(name)] = present
    return dict(sorted(found.items(), key=lambda item: item[1][columns[0]]))
