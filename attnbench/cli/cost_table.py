"""The tables that a cost session ends with: at each length what a contender takes, and how many times its baseline.

forward (ms)               128           1024
sdpa                0.112 1.00x     4.70 1.00x
additive · dense     16.3  146x        >
"""

from collections.abc import Sequence

from attnbench.record import Record, ScalingPoint
from attnbench.report.costs import LEGEND, QUANTITIES, SIGNS, Quantity, baseline, ratios
from attnbench.report.document import significant
from attnbench.report.mechanisms import conditions, label, said


def print_costs(records: Sequence[Record]) -> None:
    """Prints a block for each quantity, with a row a contender and a column a length; then why a number is missing.

    Args:
        records: of one session; one without a measurement says why in its error.
    """
    names = _names(records)
    yardsticks = [baseline(record, records) for record in records]
    against = [names[records.index(yardstick)] if yardstick else "" for yardstick in yardsticks]
    lengths = sorted({point.length for record in records for point in _points(record)})
    for quantity in QUANTITIES:
        columns = [_column(records, quantity, length) for length in lengths]
        _print_block([quantity.title, *names], columns, ["x of", *against])
    print(f"x: times the baseline. {LEGEND}")
    for name, record in zip(names, records, strict=True):
        for reason in _reasons(record):
            print(f"{name}: {reason}")


def _names(records: Sequence[Record]) -> list[str]:
    """What the report calls them; and the seed, where it is not the same."""
    seeds = {record.seed for record in records}
    found = []
    for record, factors, condition in zip(records, said(records), conditions(records), strict=True):
        seed = f"seed {record.seed}" if len(seeds) > 1 else ""
        found.append(" · ".join(filter(None, (label(factors, factors), condition, seed))))
    return found


def _points(record: Record) -> list[ScalingPoint]:
    return record.scaling.points if record.scaling else []


def _column(records: Sequence[Record], quantity: Quantity, length: int) -> list[str]:
    """The length, and below it each record's value and ratio, or the sign for why there is none."""
    pairs = [_pair(record, records, quantity, length) for record in records]
    value_width, ratio_width = (max(map(len, texts)) for texts in zip(*pairs, strict=True))
    return [str(length), *(f"{value.rjust(value_width)} {ratio.rjust(ratio_width)}" for value, ratio in pairs)]


def _pair(record: Record, records: Sequence[Record], quantity: Quantity, length: int) -> tuple[str, str]:
    if record.scaling is None:
        return "-", ""
    at = length, quantity.passes
    point = next((point for point in record.scaling.points if (point.length, point.passes) == at), None)
    if point is None:  # nobody asked for it
        return "", ""
    value, ratio = getattr(point, quantity.field), getattr(ratios(record, records).get(at), quantity.field, None)
    return SIGNS[point.status] if value is None else significant(
        value
    ), "" if ratio is None else f"{significant(ratio)}x"


def _print_block(names: Sequence[str], columns: Sequence[Sequence[str]], against: Sequence[str]) -> None:
    """Names to the left, columns to the right, and the baseline's name behind."""
    name_width, *widths = (max(map(len, column)) for column in (names, *columns))
    for name, *cells, of in zip(names, *columns, against, strict=True):
        texts = [name.ljust(name_width), *(cell.rjust(width) for cell, width in zip(cells, widths, strict=True)), of]
        print("   ".join(texts).rstrip())
    print()


def _reasons(record: Record) -> list[str]:
    """Why there are no numbers, beyond what the table's signs say; once for each kind of pass."""
    if record.scaling is None:
        return [str(record.error)]
    told = (point for point in record.scaling.points if point.status in ("unsupported", "failed"))
    return list(dict.fromkeys(f"{point.passes}: {point.error}" for point in told))
