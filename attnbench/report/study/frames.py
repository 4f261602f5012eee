"""The few operations on data frames that the report needs, with the types that pandas leaves open."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from attnbench.report.study.naming import natural_key


def where(frame: pd.DataFrame, **values: object) -> pd.DataFrame:
    """The rows that have these values in these columns."""
    keep = pd.Series(True, index=frame.index)
    for column, value in values.items():
        keep &= frame[column] == value
    return pd.DataFrame(frame.loc[keep])


def conditions(frame: pd.DataFrame) -> list[str]:
    """The conditions of a frame, shortest length first."""
    return sorted(map(str, frame["condition"].unique()), key=natural_key)


def by_condition(frame: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Each condition with its rows, shortest length first."""
    return ((name, where(frame, condition=name)) for name in conditions(frame))


def groups(frame: pd.DataFrame, column: str) -> list[tuple[Any, pd.DataFrame]]:
    """Each value of a column with its rows, in rising order."""
    return list(frame.groupby(column))


def numbers(frame: pd.DataFrame, column: str) -> list[float]:
    """The numbers of a column, without missing values."""
    values = frame[column].to_numpy(dtype=float, na_value=np.nan)
    return values[~np.isnan(values)].tolist()


def median(frame: pd.DataFrame, column: str) -> float | None:
    """The median of a column, without missing values; None if there are none."""
    present = numbers(frame, column)
    return float(np.median(present)) if present else None


def medians(frame: pd.DataFrame, columns: Sequence[str]) -> dict[str, dict[str, float]]:
    """By mechanism, the medians of columns of numbers, sorted by the first of them. Rows with missing values are left
    out.
    """
    middle = frame.astype(dict.fromkeys(columns, float)).groupby("mechanism")[list(columns)].median().dropna()
    rows = zip(middle.index, *(numbers(pd.DataFrame(middle), column) for column in columns), strict=True)
    found = {str(name): dict(zip(columns, values, strict=True)) for name, *values in rows}
    return dict(sorted(found.items(), key=lambda item: item[1][columns[0]]))


def along(
    frame: pd.DataFrame, column: str, columns: Sequence[str], how: Literal["median", "mean", "min", "max"] = "median"
) -> dict[str, dict[int, dict[str, float]]]:
    """By mechanism, and by a column of whole numbers in rising order, the medians of columns of numbers.

    Rows with missing values are left out.
    """
    typed = frame.astype(dict.fromkeys(columns, float))
    middle = pd.DataFrame(typed.groupby(["mechanism", column])[list(columns)].agg(how).dropna())
    found: dict[str, dict[int, dict[str, float]]] = {}
    for (name, place), *values in zip(middle.index, *(numbers(middle, each) for each in columns), strict=True):
        found.setdefault(str(name), {})[int(place)] = dict(zip(columns, values, strict=True))
    return found
