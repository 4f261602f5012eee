"""The tables at the end of a cost session: the cost of each contender at each length, and its ratio to the baseline.

forward (ms)       128   1024                      ~ n^  asymptote
sdpa             0.112   4.70  not reached by n = 1,024
additive · dense 16.3~      >    not reached by n = 128         n²
"""

from collections.abc import Sequence

from attnbench.cost.exponent import CLOSED_FORM, asymptote, by_length, exponent_text
from attnbench.record import Record, ScalingPoint, Subject
from attnbench.report.document import significant
from attnbench.report.study.cost_ratios import (
    LEGEND,
    NOISY,
    QUANTITIES,
    SIGNS,
    Quantity,
    baseline,
    few_repetitions,
    ratios,
)
from attnbench.report.study.naming import conditions, label, telling_factors

ASYMPTOTE = (
    "asymptote: the growth of a call's operations in closed form; for memory, of the bytes that it reads and writes."
)


def print_costs(records: Sequence[Record]) -> None:
    """Prints a block for each quantity: a row for each contender, a column for each length. Then it prints missing
    reasons.

    Args:
        records: of one session. A record without a measurement has the reason in its error.
    """
    names = _names(records)
    for of, quantities in QUANTITIES.items():
        mine = [place for place, record in enumerate(records) if _subject(record) == of]
        if mine:
            _print_kind([names[place] for place in mine], [records[place] for place in mine], quantities)
    print(f"{NOISY}: noisy, the quartiles are far apart. {LEGEND}")
    print(ASYMPTOTE)
    if few := few_repetitions(p.repetitions for r in records for p in _points(r) if p.status == "measured"):
        print(few)
    for name, record in zip(names, records, strict=True):
        for reason in _reasons(record):
            print(f"{name}: {reason}")


def _print_kind(names: Sequence[str], records: Sequence[Record], quantities: Sequence[Quantity]) -> None:
    """Prints the blocks of the attention alone, or of whole models."""
    lengths = sorted({point.length for record in records for point in _points(record)})
    for quantity in quantities:
        columns = [[str(length), *(_value(record, quantity, length) for record in records)] for length in lengths]
        exponents = ["~ n^", *(_exponent(record, quantity) for record in records)]
        asymptotes = ["asymptote", *(_asymptote(record, quantity) for record in records)]
        _print_block([quantity.title, *names], [*columns, exponents, asymptotes])
    references = [baseline(record, records) for record in records]
    against = ["of", *(names[records.index(reference)] if reference else "" for reference in references)]
    multiples = [[each.title, *(_multiple(record, records, each) for record in records)] for each in quantities]
    _print_block(["x the baseline", *names], [*multiples, against])


def _subject(record: Record) -> Subject:
    """What was measured. A contender that is not available here counts as an attention."""
    return record.scaling.of if record.scaling else "attention"


def _names(records: Sequence[Record]) -> list[str]:
    """The names of the report; with the seed, where seeds differ."""
    seeds = {record.seed for record in records}
    found = []
    for record, factors, condition in zip(records, telling_factors(records), conditions(records), strict=True):
        seed = f"seed {record.seed}" if len(seeds) > 1 else ""
        found.append(" · ".join(filter(None, (label(factors, factors), condition, seed))))
    return found


def _points(record: Record) -> list[ScalingPoint]:
    return record.scaling.points if record.scaling else []


def _value(record: Record, quantity: Quantity, length: int) -> str:
    """The number, marked if it is noisy, or the sign for the reason why there is none."""
    if record.scaling is None:
        return "-"
    at = length, quantity.passes
    point = next((point for point in record.scaling.points if (point.length, point.passes) == at), None)
    if point is None:  # this length was not asked for
        return ""
    value = getattr(point, quantity.field)
    noisy = NOISY if point.noisy and quantity.field == "ms" else " "
    return f"{SIGNS[point.status] if value is None else significant(value)}{noisy}"


def _exponent(record: Record, quantity: Quantity) -> str:
    return exponent_text(by_length(_points(record), quantity.passes, quantity.field))


def _asymptote(record: Record, quantity: Quantity) -> str:
    return asymptote(by_length(_points(record), quantity.passes, CLOSED_FORM[quantity.field]))


def _multiple(record: Record, records: Sequence[Record], quantity: Quantity) -> str:
    """The ratio to the baseline, at the longest length at which both have a number."""
    found = {
        length: value
        for (length, passes), ratio in ratios(record, records).items()
        if passes == quantity.passes and (value := getattr(ratio, quantity.field)) is not None
    }
    return f"{significant(found[max(found)])}x at {max(found)}" if found else ""


def _print_block(names: Sequence[str], columns: Sequence[Sequence[str]]) -> None:
    """Prints names on the left, and columns on the right."""
    name_width, *widths = (max(map(len, column)) for column in (names, *columns))
    for name, *cells in zip(names, *columns, strict=True):
        texts = [name.ljust(name_width), *(cell.rjust(width) for cell, width in zip(cells, widths, strict=True))]
        print("  ".join(texts).rstrip())
    print()


def _reasons(record: Record) -> list[str]:
    """Why there are no numbers, where the signs of the table do not say it; once for each kind of pass."""
    if record.scaling is None:
        return [str(record.error)]
    told = (point for point in record.scaling.points if point.status in ("unsupported", "failed"))
    return list(dict.fromkeys(f"{point.passes}: {point.error}" for point in told))
