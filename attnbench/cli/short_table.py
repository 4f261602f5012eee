"""Which rows of a long table the terminal shows: the best and the worst of each condition, and some that failed."""

from collections.abc import Sequence
from statistics import mean

from attnbench.cli.plan import CONDITIONS, counted
from attnbench.record import Record

Jobs = Sequence[Record]  # those of a row
MOST = 40  # rows; a longer table is shortened to about as many
FAILED = 5  # rows with jobs that did not finish, in a short table


def shortened(rows: Sequence[Jobs]) -> tuple[list[Jobs], str]:
    """The rows that are shown, and a line on those that are not; all rows and "" if there are few."""
    if len(rows) <= MOST:
        return list(rows), ""
    by_condition: dict[frozenset[tuple[str, object]], list[Jobs]] = {}
    for jobs in rows:
        if _result(jobs) is not None:
            by_condition.setdefault(_condition(jobs[0]), []).append(jobs)
    ends = max(1, (MOST - FAILED) // (2 * max(1, len(by_condition))))
    groups = list(by_condition.values())[: (MOST - FAILED) // 2]
    shown = [jobs for found in groups for jobs in _ends(found, ends)]
    failed = [jobs for jobs in rows if any(job.status != "finished" for job in jobs)]
    shown += [jobs for jobs in failed if not any(jobs is other for other in shown)][:FAILED]
    of = f"in the first {len(groups)} of {counted(len(by_condition), 'condition')}" if len(groups) > 1 else "of all"
    of = "in each condition" if 1 < len(groups) == len(by_condition) else of
    line = f"{len(shown)} of {len(rows):,} rows: the {ends} best and the {ends} worst {of}"
    return shown, f"{line}; rows with jobs that did not finish: {len(failed):,}. The report has all rows."


def _condition(job: Record) -> frozenset[tuple[str, object]]:
    return frozenset(each for each in job.factors.items() if each[0].partition(".")[0] in CONDITIONS)


def _ends(rows: Sequence[Jobs], count: int) -> list[Jobs]:
    """The best and the worst, the best first."""
    ranked = sorted(rows, key=lambda jobs: -(_result(jobs) or 0.0))
    return ranked if len(ranked) <= 2 * count else [*ranked[:count], *ranked[-count:]]


def _result(jobs: Jobs) -> float | None:
    """By what rows are ranked, higher is better: BLEU, or else the test error, or else the time of a step."""
    bleu = [job.quality.bleu for job in jobs if job.quality]
    errors = [-job.regression.test_error for job in jobs if job.regression]
    times = [-job.step.step_ms for job in jobs if job.step]
    return next((mean(values) for values in (bleu, errors, times) if values), None)
