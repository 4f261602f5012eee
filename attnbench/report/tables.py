"""Tables of what was run, how good it is, what it costs, what failed, and how to run it again."""

import shlex
import statistics
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from attnbench.record import Record
from attnbench.report.document import Cell, Column, Table, fixed, significant
from attnbench.report.frames import by_condition, median, medians, numbers
from attnbench.report.mechanisms import natural
from attnbench.report.statistics import Estimate, bleu
from attnbench.report.study import Study

LONGEST_ERROR = 300  # letters of a message that a table still holds


def grid(study: Study) -> Table:
    """A row a factor: its values, and whether it was varied; factors under study first."""
    factors = [{**record.factors, "seed": record.seed} for record in study.records]
    names = dict.fromkeys(name for each in factors for name in each)
    values = {name: _distinct(each[name] for each in factors if name in each) for name in names}
    everywhere = {name for name in names if all(name in each for each in factors)}
    roles = {
        name: "varied" if len(values[name]) > 1 else "constant" if name in everywhere else "in some" for name in names
    }
    rows = [(name, roles[name], ", ".join(values[name])) for name in names]
    rows.sort(key=lambda row: row[1] == "constant")
    caption = "The grid: every factor that names a job, with its values. A factor need not matter to every job."
    return Table("grid", caption, (Column("Factor"), Column("Role"), Column("Values", wide=True)), tuple(rows))


def environment(study: Study) -> Table:
    """A row a property of the machine and the software; several values where the jobs differed."""
    found: dict[str, list[Any]] = {}
    for record in study.records:
        here = record.environment
        named = {
            "device": f"{here.device} ({here.device_name})",
            "processor": here.processor,
            "cores": here.cores,
            "threads of a job": here.threads,
            "memory (GiB)": f"{here.memory_gib:.1f}",
            "platform": here.platform,
            "git commit": _commit(here.git_commit),
            "python": here.python,
        }
        for name, value in (named | here.packages).items():
            found.setdefault(name, []).append(value)
    rows = tuple((name, " / ".join(_distinct(values))) for name, values in found.items())
    return Table(
        "environment", "Where it ran: hardware and versions.", (Column("Property"), Column("Value", wide=True)), rows
    )


def quality(study: Study) -> Table:
    """A row a mechanism and condition, best first."""
    rows: list[tuple[Cell, ...]] = []
    for condition, name, group, estimate in ranked(study):
        minutes = [seconds / 60 for seconds in numbers(group, "train_s")]
        shares = [100 * statistics.mean(numbers(group, share)) for share in ("exact_match", "token_accuracy")]
        quality = (statistics.mean(numbers(group, "chrf")), *shares)
        costs = (median(group, "parameters"), statistics.median(minutes) if minutes else None)
        rows.append((condition, name, estimate, *quality, *costs, len(group)))
    columns = (
        Column("Condition"),
        Column("Mechanism"),
        Column("BLEU", fixed(1)),
        Column("chrF", fixed(1)),
        Column("Exact (%)", fixed(1)),
        Column("Accuracy (%)", fixed(1)),
        Column("Parameters", fixed(0)),
        Column("Train (min)", fixed(1)),
        Column("Jobs", fixed(0)),
    )
    sentences = " or ".join(f"{count:,}" for count in sorted({int(count) for count in study.jobs["sentences"]}))
    caption = (
        f"Quality on the test set ({sentences} sentences), best first. {interval_note(study)} Exact: sentences whose "
        "whole translation is right. Accuracy is that of single tokens under teacher forcing; parameters and training "
        "time are medians over the jobs."
    )
    return without_empty(Table("quality", caption, columns, tuple(rows)))


def step_cost(study: Study) -> Table:
    """A row a mechanism and condition, cheapest first: one training step of the whole model."""
    rows: list[tuple[Cell, ...]] = []
    names = ["step_ms", "step_ms_q1", "step_ms_q3", "tokens_per_s", "peak_mib"]
    for condition, here in by_condition(study.steps):
        for name, cost in medians(here, names).items():
            time = Estimate(cost["step_ms"], cost["step_ms_q1"], cost["step_ms_q3"], 1)
            rows.append((condition, name, time, cost["tokens_per_s"], cost["peak_mib"]))
    columns = (
        Column("Condition"),
        Column("Mechanism"),
        Column("Step (ms)", significant),
        Column("Target tokens/s", fixed(0)),
        Column("Peak memory (MiB)", significant),
    )
    shapes = {(r.step.batch_size, r.step.source_length, r.step.target_length) for r in study.records if r.step}
    over = " or ".join(f"{batch} sentences of {source} and {target} tokens" for batch, source, target in sorted(shapes))
    caption = (
        f"Cost of one training step (forward, backward, update) of the whole model on a batch of {over} "
        "(source and target), cheapest first: median [quartiles] of the time, and the allocator's peak above what was "
        "held before."
    )
    return without_empty(Table("step_cost", caption, columns, tuple(rows)))


def failures(study: Study, broken: Sequence[str]) -> Table:
    """A row a job that did not finish, and a row a file that is no record."""
    rows: list[tuple[Cell, ...]] = []
    for record, name in zip(study.records, study.mechanism, strict=True):
        if record.status != "finished":
            rows.append((name, record.status.replace("_", " "), _factors(record), _short(record.error or "no message")))
    rows += [("–", "unreadable", "–", _short(line)) for line in broken]
    columns = (Column("Mechanism"), Column("Status"), Column("Factors", wide=True), Column("Error", wide=True))
    return Table("failures", "Jobs that did not finish, and files that could not be read.", columns, tuple(rows))


def reproduction(study: Study) -> Table:
    """A row a job: the command that runs it again."""
    rows = []
    for record, name in zip(study.records, study.mechanism, strict=True):
        rows.append((name, f"python -m attnbench {record.command} {shlex.join(record.overrides)}".strip()))
    rows.sort(key=lambda row: (natural(row[0]), natural(row[1])))
    columns = (Column("Mechanism"), Column("Command", wide=True))
    return Table("reproduction", "The command that runs each job again.", columns, tuple(rows), collapsed=True)


def configuration(study: Study) -> Table:
    """A row a setting that all jobs share."""
    flat = [dict(_flatten(record.config)) for record in study.records]
    shared = [(key, value) for key, value in flat[0].items() if all(each.get(key) == value for each in flat)]
    caption = "The settings that all jobs share."
    return Table(
        "configuration", caption, (Column("Setting"), Column("Value", wide=True)), tuple(shared), collapsed=True
    )


def ranked(study: Study) -> list[tuple[str, str, pd.DataFrame, Estimate]]:
    """Condition, mechanism, its jobs and its BLEU: conditions in order, and in each the best first."""
    found = []
    for condition, here in by_condition(study.jobs):
        places = [(condition, name, jobs, bleu(jobs)) for name, jobs in study.by_mechanism(here)]
        found += sorted(places, key=lambda place: -place[3].value)
    return found


def interval_note(study: Study) -> str:
    """What the intervals of BLEU are over."""
    several = [estimate.seeds > 1 for *_, estimate in ranked(study)]
    several_seeds = "The 95 % intervals are Student's t over seeds"
    if all(several):
        return f"{several_seeds}."
    if any(several):
        return f"{several_seeds} where a mechanism has two seeds or more, and bootstrap over test sentences elsewhere."
    return "The 95 % intervals are bootstrap over test sentences, from one seed: they leave out the noise of training."


def without_empty(table: Table) -> Table:
    """Without the columns in which no row has anything to say."""
    kept = [i for i in range(len(table.columns)) if any(row[i] not in (None, "") for row in table.rows)]
    columns = tuple(table.columns[i] for i in kept)
    rows = tuple(tuple(row[i] for i in kept) for row in table.rows)
    return Table(table.name, table.caption, columns, rows, table.collapsed)


def _distinct(values: Iterable[Any]) -> list[str]:
    return sorted({str(value) for value in values}, key=natural)


def _commit(commit: str | None) -> str:
    if commit is None:
        return "none: not run from a checkout"
    return f"{commit[:12]} with changes not committed" if commit.endswith("+") else commit[:12]


def _factors(record: Record) -> str:
    return ", ".join(f"{name}={value}" for name, value in {**record.factors, "seed": record.seed}.items())


def _short(message: str) -> str:
    line = " ".join(message.split())
    return line if len(line) <= LONGEST_ERROR else f"{line[:LONGEST_ERROR]}…"


def _flatten(config: Any, path: str = "") -> Iterable[tuple[str, str]]:
    if isinstance(config, dict) and config:
        for name, value in config.items():
            yield from _flatten(value, f"{path}.{name}" if path else str(name))
    else:
        yield path, str(config)
