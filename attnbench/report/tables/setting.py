"""What was run, where, and how to run it again."""

import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from attnbench.report.document import CellValue, Column, Paragraph, Table
from attnbench.report.study.explanation import Explanations
from attnbench.report.study.naming import natural_key
from attnbench.report.study.shared_sentence import words
from attnbench.report.study.study import Study

LONGEST_ERROR = 300  # letters of a message that fit into a table
MAX_WARNINGS = 10  # those of most jobs; the rest is counted
MAX_ROWS = 50  # rows of a list in the document; the rest is counted


def described(study: Study, explanations: Explanations) -> Iterator[Paragraph]:
    """What each task is, with a sentence of it; and what each model is."""
    for kind in ("task", "model"):
        for choice in _distinct(record.factors[kind] for record in study.records if kind in record.factors):
            said = explanations.get(f"{kind}={choice}")
            example = _example(study, choice) if kind == "task" else ""
            if said or example:
                sentence = f" {said.formula}." if said else ""
                yield Paragraph(f"{kind.capitalize()} {choice}.{sentence}{example}")


def _example(study: Study, task: str) -> str:
    """A test sentence with its reference, and word by word if the links are known; "" if no job has alignments."""
    jobs = (
        job for job, record in enumerate(study.records) if record.factors.get("task") == task and study.sources(job)
    )
    if (job := next(jobs, None)) is None or not (found := study.alignments(job)):
        return ""
    shown = min(found, key=lambda each: len(each.source))
    source, target = (words(side) for side in (shown.source, shown.target))
    gloss = []
    for place, word in enumerate(source):
        linked = [target[there] for here, there in sorted(shown.gold) if here == place and there < len(target)]
        gloss += [f"{word} = {' '.join(linked)}"] if linked else []
    told = f" Word by word: {', '.join(gloss)}." if gloss else ""
    return f" For example, “{' '.join(source)}” becomes “{' '.join(target)}”.{told}"


def grid(study: Study) -> Table:
    """A row for each factor: its values, and whether it was varied. Varied factors come first."""
    factors = [{**record.factors, "seed": record.seed} for record in study.records]
    names = dict.fromkeys(name for each in factors for name in each)
    values = {name: _distinct(each[name] for each in factors if name in each) for name in names}
    everywhere = {name for name in names if all(name in each for each in factors)}
    roles = {
        name: "varied" if len(values[name]) > 1 else "constant" if name in everywhere else "in some" for name in names
    }
    rows = [(name, roles[name], ", ".join(values[name])) for name in names]
    rows.sort(key=lambda row: row[1] == "constant")
    caption = "The grid: every factor that names a job, with its values. Some factors apply to some jobs only."
    return Table("grid", caption, (Column("Factor"), Column("Role"), Column("Values", wide=True)), tuple(rows))


def environment(study: Study) -> Table:
    """A row for each property of the machine and the software, with several values if the jobs differ."""
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
    caption = "Where it ran: hardware and versions."
    return Table("environment", caption, (Column("Property"), Column("Value", wide=True)), rows)


def failures(study: Study, broken: Sequence[str]) -> Table:
    """A row for each job that did not finish, and for each file that is not a record."""
    rows: list[tuple[CellValue, ...]] = []
    for record, name in zip(study.records, study.mechanism, strict=True):
        if record.status != "finished":
            factors = ", ".join(f"{key}={value}" for key, value in {**record.factors, "seed": record.seed}.items())
            rows.append((name, record.status.replace("_", " "), factors, _short(record.error or "no message")))
    rows += [("–", "unreadable", "–", _short(line)) for line in broken]
    more = f" The first {MAX_ROWS} of {len(rows):,}." if len(rows) > MAX_ROWS else ""
    columns = (Column("Mechanism"), Column("Status"), Column("Factors", wide=True), Column("Error", wide=True))
    caption = f"Jobs that did not finish, and files that could not be read.{more}"
    return Table("failures", caption, columns, tuple(rows[:MAX_ROWS]))


def warnings(study: Study) -> list[str]:
    """A line for each distinct warning: how many jobs have it, and what it says."""
    jobs, found = len(study.records), Counter(text for record in study.records for text in record.warnings)
    lines = [f"Warning ({count:,} of {jobs:,} jobs): {_short(text)}" for text, count in found.most_common(MAX_WARNINGS)]
    more = len(found) - MAX_WARNINGS
    return [*lines, *([f"{more:,} more warnings are in the records of the jobs"] if more > 0 else [])]


def reproduction(study: Study) -> Table:
    """A row for each job: the command that runs it again."""
    rows = []
    for record, name in zip(study.records, study.mechanism, strict=True):
        rows.append((name, f"python -m attnbench {record.command} {shlex.join(record.overrides)}".strip()))
    rows.sort(key=lambda row: (natural_key(row[0]), natural_key(row[1])))
    columns = (Column("Mechanism"), Column("Command", wide=True))
    return Table("reproduction", "The command that runs each job again.", columns, tuple(rows), collapsed=True)


def configuration(study: Study) -> Table:
    """A row for each setting that all jobs share."""
    shared = dict(_flatten(study.records[0].config))
    for record in study.records[1:]:
        shared = dict(shared.items() & dict(_flatten(record.config)).items())
    caption = "The settings that all jobs share."
    columns = (Column("Setting"), Column("Value", wide=True))
    return Table("configuration", caption, columns, tuple(sorted(shared.items())), collapsed=True)


def _distinct(values: Iterable[Any]) -> list[str]:
    return sorted({str(value) for value in values}, key=natural_key)


def _commit(commit: str | None) -> str:
    if commit is None:
        return "none: not run from a checkout"
    return f"{commit[:12]} with changes not committed" if commit.endswith("+") else commit[:12]


def _short(message: str) -> str:
    line = " ".join(message.split())
    return line if len(line) <= LONGEST_ERROR else f"{line[:LONGEST_ERROR]}…"


def _flatten(config: Any, path: str = "") -> Iterable[tuple[str, str]]:
    if isinstance(config, dict) and config:
        for name, value in config.items():
            yield from _flatten(value, f"{path}.{name}" if path else str(name))
    else:
        yield path, str(config)
