"""What `report` reads, what it tells the report, and what it answers to a user's mistakes."""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from attnbench import record
from attnbench.cli.report import LISTED
from attnbench.record import Record
from attnbench.report.study.compact_record import CompactRecord
from tests.cli.command_line import Ended, here
from tests.tracking.test_wandb_tracker import RECORD


def put(folder: Path, score: str, **changes: Any) -> None:
    factors = {"score": score, "heads": 4 if score == "dot" else 1}
    one = replace(RECORD, key=f"{folder.name} {score}", factors=factors, sweep=folder.name, **changes)
    path = folder / f"score={score}" / "seed=1" / record.NAME
    path.parent.mkdir(parents=True)
    record.write(one, path)


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Two sweeps of two jobs, one of which is in both."""
    for name in ("len10", "len20"):
        for score in ("dot", "additive"):
            put(tmp_path / "runs" / name, score)
    put(tmp_path / "runs" / "again", "dot", started="2025-01-01T00:00:00+00:00")
    path = next((tmp_path / "runs" / "again").rglob(record.NAME))
    record.write(replace(record.read(path), key="len10 dot"), path)
    return tmp_path


@dataclass
class Built:
    """What the report was built of."""

    jobs: list[tuple[str, str]]
    destination: Path
    told: dict[str, Any]


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[Built]:
    """The reports that were requested. None is built."""
    found = []

    def build(entries: Sequence[CompactRecord], destination: Path, **told: Any) -> Path:
        records: list[Record] = [each.record for each in entries]
        found.append(Built([(one.sweep, str(one.factors["score"])) for one in records], destination, told))
        return destination / "index.html"

    monkeypatch.setattr("attnbench.report.build", build)
    return found


def command(line: str) -> list[str]:
    """A line, split as a shell does."""
    return shlex.split(line)


LEN10, LEN20 = [("len10", "additive"), ("len10", "dot")], [("len20", "additive"), ("len20", "dot")]


@pytest.mark.parametrize(
    ("given", "jobs", "name"),
    [
        ("runs=runs/len10", LEN10, "len10"),
        ("runs='runs/len*'", LEN10 + LEN20, "len10+len20"),
        ("runs='[runs/len20,runs/len10]'", LEN20 + LEN10, "len20+len10"),
        ("runs='[runs/len20, runs/len20/]'", LEN20, "len20"),
        ("runs='[runs/len20/score=dot,runs/len10]'", LEN20[1:] + LEN10, "score=dot+len10"),
        ("runs=runs/len10/score=dot/seed=1/record.json", LEN10[1:], "record.json"),
        ("""runs=runs/len10 where="score=='dot'" """, LEN10[1:], "len10-score-dot"),
        ("""runs=runs/len10 where="'dot' == score" """, LEN10[1:], "len10-dot-score"),
        ("""runs=runs/len10 where='score == "dot" and seed in [1, 4]'""", LEN10[1:], "len10-score-dot-and-seed-in-1-4"),
        ("""runs='runs/len*' where="sweep=='len20'" name=mine""", LEN20, "mine"),
    ],
)
def test_it_reads_what_is_named(
    given: str, jobs: list[tuple[str, str]], name: str, runs: Path, built: list[Built]
) -> None:
    ended = here(runs, "report", *command(given))
    assert (ended.status, ended.err) == (0, "")
    (one,) = built
    assert one.jobs == jobs
    assert one.destination == Path("reports") / name
    assert ended.out == f"report: reports/{name}/index.html and reports/{name}/report.pdf\n"


def test_the_report_names_a_command_that_builds_it_again(runs: Path, built: list[Built]) -> None:
    given = """runs='[runs/len10,runs/len20]' where="score=='dot'" baseline="dot · heads 4" name=x"""
    here(runs, "report", *command(given))
    line = built[0].told["command"]
    assert line.startswith("python -m attnbench report ")
    assert """ where="score=='dot'" baseline="dot · heads 4" """ in line
    here(runs, *command(line)[3:])
    assert built[1] == built[0]
    assert built[0].told["baseline"] == "dot · heads 4"


@pytest.mark.parametrize("value", ["score=='dot'", 'score=="dot"', "score in ['dot', \"a\"]", "heads > 1"])
def test_any_condition_survives_the_way_through_a_shell(value: str, runs: Path, built: list[Built]) -> None:
    for _ in range(2):
        arguments = command(built[-1].told["command"])[3:] if built else ["report", "runs=runs/len10", f"where={value}"]
        ended = here(runs, *arguments)
        assert (ended.status, ended.err) == (0, ""), ended
    assert built[0].jobs == built[1].jobs == LEN10[1:]


def test_what_is_left_out_is_said(runs: Path, built: list[Built]) -> None:
    for number in range(LISTED + 3):
        path = runs / "runs" / "broken" / f"{number:03}" / record.NAME
        path.parent.mkdir(parents=True)
        path.write_text("{")
    ended = here(runs, "report", "runs=runs")
    told = built[0].told
    assert sorted(built[0].jobs) == sorted(LEN10 + LEN20)
    assert told["outdated"] == 1
    assert len(told["broken"]) == LISTED + 1
    assert told["broken"][-1] == "and 3 more"
    assert "1 record" in ended.out
    assert "as runs/again/score=dot/seed=1/record.json" in ended.out
    assert "53 records that could not be read, such as runs/broken/000/record.json: not a record: " in ended.out


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("runs=nowhere", "runs=nowhere: no such folder; there are runs"),
        ("runs=runs/len", "runs=runs/len: no such folder; there are again, len10, len20"),
        ("runs='[runs/len10,runs/x*]'", r"runs=runs/x\*: no such folder; there are again, len10, len20"),
        ("runs=null", "runs: name the folder of a sweep"),
        ("runs=[]", "runs: name the folder of a sweep"),
        ("runs='**x'", r"runs=\*\*x: no such folder"),
        (f"runs={'x' * 5000}", "runs=x*: no such folder"),
        ("runs=runs/len10 where=score==dot", "where=score==dot: dot is a value and wants quotes: 'dot'"),
        ("""runs=runs/len10 where="score='dot'" """, "where=score='dot': to compare, write =="),
        (
            """runs=runs/len10 where="score=='x'" """,
            "where=score=='x': holds for none of 2 jobs; score is additive, dot",
        ),
        ("source=runs/len10", "source=runs/len10: must be wandb:entity/project"),
        ("were=1", r"were=1: no such key in report; did you mean where\?"),
    ],
)
def test_a_mistake_is_answered_in_one_line(given: str, message: str, runs: Path, built: list[Built]) -> None:
    ended = here(runs, "report", *command(given))
    assert_refused(ended, message)
    assert built == []


def assert_refused(ended: Ended, message: str) -> None:
    assert (ended.status, ended.out) == (2, ""), ended
    (line,) = ended.err.splitlines()
    assert re.match(f"attnbench: {message}", line), line


def test_a_baseline_that_is_not_there_is_answered_in_one_line(runs: Path) -> None:
    ended = here(runs, "report", "runs=runs/len10", "baseline=dott")
    assert_refused(ended, "baseline=dott: no mechanism has dott; the words are additive, dot, heads 1, heads 4")
