"""The table at the end of a sweep: a row for the jobs that differ in their seed alone."""

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence

from attnbench.cli.plan import counted
from attnbench.cli.short_table import Jobs, shortened
from attnbench.cost.exponent import CLOSED_FORM, Measured, asymptote, by_length, exponent_text
from attnbench.record import Factor, Record

SEEDS = 5  # of a row; more of them are counted
LONGEST_ERROR = 100  # letters of a message
COLUMNS: dict[str, Callable[[Jobs], str]] = {
    "BLEU": lambda jobs: _mean((job.quality.bleu for job in jobs if job.quality), 1),
    "exact %": lambda jobs: _mean((100 * job.quality.exact_match for job in jobs if job.quality), 1),
    "test error": lambda jobs: _mean((job.regression.test_error for job in jobs if job.regression), 3),
    "sigma": lambda jobs: _mean(
        (job.regression.sigma for job in jobs if job.regression and job.regression.sigma is not None), 3
    ),
    "converged": lambda jobs: _share([job.training.converged for job in jobs if job.training]),
    "step ms": lambda jobs: _median((job.step.step_ms for job in jobs if job.step), 1),
    "peak MiB": lambda jobs: _median((job.step.peak_mib for job in jobs if job.step), 0),
    "time ~ n^ (asymptote)": lambda jobs: _exponent(jobs[0], "ms"),
    "memory ~ n^ (asymptote)": lambda jobs: _exponent(jobs[0], "peak_mib"),
    "seconds": lambda jobs: f"{sum(job.duration_s for job in jobs):.0f}",
    "status": lambda jobs: ", ".join(dict.fromkeys(map(_status, jobs))),
}


def print_table(records: Sequence[Record]) -> None:
    """Prints a row for each mechanism in each condition: the factors that tell it from others, its seeds, what was
    tuned, then the results that any row has.

    Several seeds give a mean, and a standard deviation if they differ. An exponent is that of the attention alone. Its
    asymptote is that of the operations in closed form; for memory, of the bytes that a call reads and writes. If there
    are many rows, only some of them are printed.
    """
    rows, left_out = shortened(_rows(records))
    factors, tuned = _telling([jobs[0].factors for jobs in rows]), _names(each.tuned for each in records)
    heads = [*factors, "seeds", *(name.rpartition(".")[2] for name in tuned)]
    cells = [
        [
            *(str(jobs[0].factors.get(name, "")) for name in factors),
            _seeds(jobs),
            *(str(jobs[0].tuned.get(name, "")) for name in tuned),
        ]
        for jobs in rows
    ]
    for head, cell in COLUMNS.items():
        values = [cell(jobs) for jobs in rows]
        if any(values):
            heads.append(head)
            cells = [[*row, value] for row, value in zip(cells, values, strict=True)]
    widths = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]
    for row in [heads, ["-" * width for width in widths], *cells]:
        line = [cell.rjust(w) if _is_number(cell) else cell.ljust(w) for cell, w in zip(row, widths, strict=True)]
        print("  ".join(line).rstrip())
    if left_out:
        print(left_out)


def print_warnings(records: Sequence[Record]) -> None:
    """Prints each distinct warning of jobs and trials once, and of how many of them it is."""
    kinds = {kind: [one for one in records if one.trial is (kind == "trial")] for kind in ("job", "trial")}
    for text in dict.fromkeys(text for one in records for text in one.warnings):
        found = {kind: sum(text in one.warnings for one in several) for kind, several in kinds.items()}
        counts = (f"{n} of {counted(len(kinds[kind]), kind)}" for kind, n in found.items() if n)
        print(f"warning: {text}" if len(records) == 1 else f"warning ({', '.join(counts)}): {text}")


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


def _rows(records: Sequence[Record]) -> list[list[Record]]:
    """The records of each row, in the order of the seeds."""
    found: dict[frozenset[tuple[str, Factor]], list[Record]] = {}
    for one in records:
        found.setdefault(frozenset(one.factors.items()), []).append(one)
    return [sorted(jobs, key=lambda job: job.seed) for jobs in found.values()]


def _telling(rows: Sequence[Mapping[str, Factor]]) -> list[str]:
    """The factors that have several values; those that some rows lack too, if the rows are not told apart otherwise."""
    values = {name: {row[name] for row in rows if name in row} for name in _names(rows)}
    several = [name for name, found in values.items() if len(found) > 1]
    if len({tuple(row.get(name) for name in several) for row in rows}) == len(rows):
        return several
    return [name for name in values if name in several or not all(name in row for row in rows)]


def _names(named: Iterable[Mapping[str, Factor]]) -> list[str]:
    return list(dict.fromkeys(name for each in named for name in each))


def _mean(values: Iterable[float], digits: int) -> str:
    found = list(values)
    if not found:
        return ""
    spread = f" ± {statistics.stdev(found):.{digits}f}" if len(set(found)) > 1 else ""
    return f"{statistics.mean(found):.{digits}f}{spread}"


def _median(values: Iterable[float], digits: int) -> str:
    found = list(values)
    return f"{statistics.median(found):.{digits}f}" if found else ""


def _share(converged: Sequence[bool]) -> str:
    return f"{sum(converged)} of {len(converged)}" if converged else ""


def _seeds(jobs: Jobs) -> str:
    return ",".join(str(job.seed) for job in jobs) if len(jobs) <= SEEDS else f"{len(jobs)} seeds"


def _status(job: Record) -> str:
    if job.error is None:
        return job.status
    error = " ".join(job.error.split())
    return f"{job.status}: {error if len(error) <= LONGEST_ERROR else error[:LONGEST_ERROR] + '…'}"


def _exponent(job: Record, field: Measured) -> str:
    """The measured exponent with its lengths, and the growth of the closed form."""
    if job.scaling is None:
        return ""
    found, closed = (by_length(job.scaling.points, "forward+backward", name) for name in (field, CLOSED_FORM[field]))
    return f"{exponent_text(found)} ({asymptote(closed)})"


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).replace(" ± ", "", 1).replace(".", "", 1).isdigit()
