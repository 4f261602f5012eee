"""The table of all jobs at the end of a sweep."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from attnbench.cost.exponent import CLOSED_FORM, Measured, asymptote, by_length, exponent_text
from attnbench.record import Factor, Record

COLUMNS: dict[str, Callable[[Record], str]] = {
    "BLEU": lambda record: f"{record.quality.bleu:.1f}" if record.quality else "",
    "exact %": lambda record: f"{100 * record.quality.exact_match:.1f}" if record.quality else "",
    "test error": lambda record: f"{record.regression.test_error:.3f}" if record.regression else "",
    "sigma": lambda record: f"{record.regression.sigma:.3f}" if record.regression and record.regression.sigma else "",
    "converged": lambda record: ("no", "yes")[record.training.converged] if record.training else "",
    "step ms": lambda record: f"{record.step.step_ms:.1f}" if record.step else "",
    "peak MiB": lambda record: f"{record.step.peak_mib:.0f}" if record.step else "",
    "time ~ n^": lambda record: _exponent(record, "ms"),
    "asymptote (FLOPs)": lambda record: _asymptote(record, "ms"),
    "memory ~ n^": lambda record: _exponent(record, "peak_mib"),
    "asymptote (bytes moved)": lambda record: _asymptote(record, "peak_mib"),
    "seconds": lambda record: f"{record.duration_s:.0f}",
    "status": lambda record: record.status if record.error is None else f"{record.status}: {record.error}",
}


def print_table(records: Sequence[Record]) -> None:
    """Prints a row for each record: the factors in which records differ, what was tuned, then the results that any of
    them has.
    """
    factors = [name for name in _names(r.factors for r in records) if len({_factor(r, name) for r in records}) > 1]
    tuned = _names(r.tuned for r in records)
    rows = [[_factor(r, name) for name in factors] + [str(r.seed)] for r in records]
    rows = [[*row, *(str(r.tuned.get(name, "")) for name in tuned)] for row, r in zip(rows, records, strict=True)]
    heads = [*factors, "seed", *(name.rpartition(".")[2] for name in tuned)]
    for head, cell in COLUMNS.items():
        values = [cell(r) for r in records]
        if any(values):
            heads.append(head)
            rows = [[*row, value] for row, value in zip(rows, values, strict=True)]
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    for row in [heads, ["-" * width for width in widths], *rows]:
        cells = [cell.rjust(w) if _is_number(cell) else cell.ljust(w) for cell, w in zip(row, widths, strict=True)]
        print("  ".join(cells).rstrip())


def print_seconds(records: Sequence[Record], measuring_s: float) -> None:
    """Prints where the seconds of these jobs went, and those in which their cost was measured beforehand."""
    trained = [record for record in records if record.training]
    if not trained:
        return
    training_s = sum(record.training.train_s for record in trained if record.training)
    evaluation_s = sum(record.evaluation_s or 0.0 for record in trained)
    else_s = sum(record.duration_s for record in trained) - training_s - evaluation_s
    print(
        f"seconds of all jobs: {training_s:.0f} training, {evaluation_s:.0f} evaluation, "
        f"{measuring_s:.0f} measuring cost, {else_s:.0f} else"
    )


def _names(named: Iterable[Mapping[str, Factor]]) -> list[str]:
    return list(dict.fromkeys(name for each in named for name in each))


def _factor(record: Record, name: str) -> str:
    value: Factor = record.factors.get(name, "")
    return str(value)


def _exponent(record: Record, field: Measured) -> str:
    points = record.scaling.points if record.scaling else ()
    return exponent_text(by_length(points, "forward+backward", field))


def _asymptote(record: Record, field: Measured) -> str:
    """The growth of the attention's operations, or of the bytes that it reads and writes, in closed form."""
    points = record.scaling.points if record.scaling else ()
    return asymptote(by_length(points, "forward+backward", CLOSED_FORM[field]))


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()
