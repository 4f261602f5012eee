"""A cost session as a user sees it: own contenders, ratios, missing and failing ones, a second run."""

import importlib.util
import re
from pathlib import Path

import pytest

from attnbench.record import Record
from tests.cli.command_line import Ended, here, records, stamps

SMALL = ["device=cpu", "width=16", "cost.lengths=[8,16]", "cost.repetitions=2", "cost.max_seconds=60"]
OWN = {
    "linear": "_target_: tests.cli.own_contenders.linear",
    "forward_only": "_target_: tests.cli.own_contenders.forward_only",
    "short": "_target_: tests.cli.own_contenders.short\nlongest: 8",
    "nowhere": "_target_: no_such_package.attend",
    "misnamed": "_target_: tests.cli.own_contenders.linear\nwindow: 3",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With the user's own contenders in `conf`."""
    (tmp_path / "conf" / "contender").mkdir(parents=True)
    for name, text in OWN.items():
        (tmp_path / "conf" / "contender" / f"{name}.yaml").write_text(text)
    return tmp_path


def cost(folder: Path, *arguments: str) -> Ended:
    return here(folder, "cost", *arguments, *SMALL, "--config-dir", "conf")


def by_contender(folder: Path) -> dict[str, Record]:
    return {str(one.factors["contender"]): one for one in records(folder).values()}


def rows(ended: Ended, name: str) -> list[list[str]]:
    """The rows of the tables that begin with a name, as the words after it."""
    lines = [line for line in ended.out.splitlines() if line.startswith(f"{name} ")]
    return [line.removeprefix(name).split() for line in lines]


def test_ones_own_function_is_compared(folder: Path) -> None:
    ended = cost(folder, "contender=sdpa,linear")
    assert (ended.status, ended.err) == (0, "")
    found = by_contender(folder)
    sdpa, linear = found["sdpa"], found["linear"]
    assert sdpa.scaling
    assert linear.scaling
    assert sdpa.scaling.session == linear.scaling.session is not None
    assert sdpa.scaling.baseline == linear.scaling.baseline == sdpa.key
    assert [(point.length, point.passes, point.status) for point in linear.scaling.points] == [
        (length, passes, "measured") for length in (8, 16) for passes in ("forward", "forward+backward")
    ]
    assert "score" not in linear.factors
    assert rows(ended, "sdpa")[3] == ["1.00x", "at", "16"] * 3 + ["sdpa"]
    assert len(rows(ended, "sdpa")) == len(rows(ended, "linear")) == 4
    (table,) = folder.glob("reports/*/tables/ratios_cpu.csv")
    assert [line.split(",")[:3] for line in table.read_text().splitlines()[1:]] == [
        ["linear", "sdpa", "16"],
        ["sdpa", "sdpa", "16"],
    ]


@pytest.mark.usefixtures("no_report")
def test_a_session_is_measured_whole_or_not_at_all(folder: Path) -> None:
    cost(folder, "contender=sdpa,linear")
    paths = list(records(folder))
    before = stamps(paths)
    again = cost(folder, "contender=sdpa,linear")
    assert "measured already" in again.out
    assert rows(again, "linear")
    assert stamps(paths) == before
    assert "measured already" not in cost(folder, "contender=sdpa,linear", "force=true").out
    assert all(now > then for now, then in zip(stamps(paths), before, strict=True))
    before = stamps(paths)
    more = cost(folder, "contender=sdpa,linear,multihead")
    assert "measured already" not in more.out
    assert all(now > then for now, then in zip(stamps(paths), before, strict=True))
    assert len({one.scaling and one.scaling.session for one in records(folder).values()}) == 1


@pytest.mark.usefixtures("no_report")
def test_the_baseline_is_the_one_that_is_named(folder: Path) -> None:
    ended = cost(folder, "contender=attention,sdpa", "score=dot,gaussian", "cost.baseline=gaussian+attention")
    assert ended.status == 0
    (baseline,) = [one.key for one in records(folder).values() if one.factors.get("score") == "gaussian"]
    assert {one.scaling and one.scaling.baseline for one in records(folder).values()} == {baseline}
    assert len(records(folder)) == 3  # sdpa has no score, so there is but one
    assert rows(ended, "sdpa")[3][-1] == "gaussian"


def test_a_baseline_that_is_not_there_is_refused(folder: Path) -> None:
    ended = cost(folder, "contender=sdpa,linear", "cost.baseline=nobody")
    assert (ended.status, ended.out) == (2, "")
    assert ended.err.startswith("attnbench: cost.baseline=nobody: no contender has these words; the words are ")
    assert not records(folder)


@pytest.mark.slow
@pytest.mark.usefixtures("no_report")
def test_what_a_kernel_refuses_is_told_and_left_out(folder: Path) -> None:
    ended = cost(folder, "score=dot,additive", "kernel=fused,dense")
    (line,) = ended.err.splitlines()
    reason = "kernel=fused: cannot compute this attention, because Additive is not"
    assert line.startswith(f"left out: score=additive kernel=fused: {reason}")
    assert ended.status == 0
    assert len(records(folder)) == 3
    assert rows(ended, "additive · fused")[:3] == [["-", "-"]] * 3


@pytest.mark.usefixtures("no_report")
def test_what_is_not_installed_is_told_and_left_out(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "local_attention" else find(name, *rest)
    )
    ended = cost(folder, "contender=local_attention,sdpa,linear")
    reason = "contender=local_attention: local-attention is not installed; pip install '.[peers]'"
    assert ended.status == 0
    assert ended.err == f"left out: contender=local_attention: {reason}\n"
    assert f"local_attention: {reason}" in ended.out.splitlines()
    assert set(by_contender(folder)) == {"sdpa", "linear"}
    assert rows(ended, "linear")[3][-1] == "sdpa"  # the first of those that are there
    alone = cost(folder, "contender=local_attention")
    assert (alone.status, alone.out) == (2, "")
    assert alone.err.splitlines()[-1] == f"attnbench: {reason}"


@pytest.mark.usefixtures("no_report")
def test_one_that_fails_fails_alone(folder: Path) -> None:
    ended = cost(folder, "contender=short,sdpa")
    found = by_contender(folder)
    assert (ended.status, found["short"].status, found["sdpa"].status) == (1, "failed", "finished")
    assert found["short"].error == "IndexError: more than 8"
    assert found["short"].scaling
    assert [point.status for point in found["short"].scaling.points] == ["measured"] * 2 + ["failed"] * 2
    assert rows(ended, "short")[0][1] == "failed"
    assert "short: forward: IndexError: more than 8" in ended.out.splitlines()
    (log,) = folder.glob("runs/*/job.log")
    assert "Traceback" in log.read_text()
    assert "Traceback" not in ended.out + ended.err


@pytest.mark.usefixtures("no_report")
def test_one_without_a_backward_pass_says_so(folder: Path) -> None:
    ended = cost(folder, "contender=sdpa,forward_only")
    assert ended.status == 0
    assert rows(ended, "forward_only")[1:3] == [["no", "no"]] * 2
    assert "forward_only: forward+backward: the context has no gradient" in ended.out.splitlines()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("contender=sdpa,nowhere", r".*contender\._target_=no_such_package\.attend: cannot be imported: "),
        ("contender=sdpa,misnamed", r".*tests\.cli\.own_contenders\.linear: linear\(\) got an unexpected"),
        ("contender=sdpa,linea", "contender=linea: no such choice; "),
        ("contender=sdpa,linear heads=3", ".*heads=3: must divide the width 16"),
        ("contender=sdpa,linear precision=fp8", ".*precision=fp8: must be fp32 or bf16"),
    ],
)
def test_a_bad_value_is_told_before_anything_is_measured(arguments: str, message: str, folder: Path) -> None:
    ended = cost(folder, *arguments.split())
    assert (ended.status, ended.out) == (2, "")
    (line,) = ended.err.splitlines()
    assert re.match(f"attnbench: {message}", line), line
    assert not records(folder)


@pytest.mark.usefixtures("no_report")
def test_a_length_over_the_budget_is_marked(folder: Path) -> None:
    ended = cost(folder, "contender=sdpa,linear", "cost.max_mib=0.001")
    assert ended.status == 0
    for row in rows(ended, "linear")[1:3]:
        assert row[1] == ">"
