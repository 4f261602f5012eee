"""What a sweep has made equal for its mechanisms, in words."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from attnbench.record import Record
from attnbench.report.study.study import Study


@dataclass(frozen=True)
class Equality:
    """One way to make jobs equal: in words, the number that tells how, its unit, and whether it is a bound."""

    words: str
    number: Callable[[Record], float | None]
    unit: str
    bound: bool


WAYS = {
    "parameters": Equality(
        "Widths were set so that the models have about as many parameters",
        lambda job: job.training.parameters if job.training else None,
        "",
        bound=False,
    ),
    "flops": Equality(
        "Budgets were set so that the trainings have about as many floating-point operations",
        lambda job: job.config["training"]["updates"],
        " updates",
        bound=True,
    ),
    "seconds": Equality(
        "Budgets were set so that the trainings have the same time",
        lambda job: job.config["training"]["seconds"],
        " seconds",
        bound=True,
    ),
}


def equality(study: Study) -> str:
    """Sentences that say what the sweeps have made equal; "" if nothing."""
    return " ".join(sentence for name in WAYS for sentence in _said(study, name))


def _said(study: Study, name: str) -> Iterator[str]:
    way, numbers = WAYS[name], dict[str, list[float]]()
    jobs = [(job, where) for job, where in zip(study.records, study.condition, strict=True) if job.matched == name]
    for job, where in jobs:
        if (number := way.number(job)) is not None:
            numbers.setdefault(where, []).append(number)
    if not numbers:
        return
    share = "" if len(jobs) == len(study.records) else f" ({len(jobs):,} of {len(study.records):,} jobs)"
    ranges = "; ".join((f"{where}: " if where else "") + _range(each) + way.unit for where, each in numbers.items())
    yield f"{way.words}{share}: {ranges}."
    early = sum(job.training is not None and job.training.converged for job, _ in jobs)
    if way.bound and early:
        yield f"{early:,} of {len(jobs):,} trainings ended earlier, because the validation did not get better."


def _range(numbers: Sequence[float]) -> str:
    return " to ".join(dict.fromkeys(f"{number:,}" for number in (min(numbers), max(numbers))))
