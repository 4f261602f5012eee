"""Help, the shown config, one job, and translation with what it left."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from attnbench.cli import commands
from attnbench.record import Record
from tests.cli.command_line import ROOT, TINY, Ended, here, records, run
from tests.report.records import attention

CONF = ROOT / "conf"


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_names_every_command_and_choice(flag: str, tmp_path: Path) -> None:
    ended = here(tmp_path, flag)
    assert (ended.status, ended.err) == (0, "")
    for command in CONF.glob("*.yaml"):
        assert f"\n  {command.stem} " in ended.out
    for group in ("task", "decoder", "score", "scope", "selection", "kernel", "device", "tracker", "experiment"):
        (line,) = [line for line in ended.out.splitlines() if line.startswith(f"  {group} ")]
        offered = line.removeprefix(f"  {group} ").strip().split(", ")
        assert offered == sorted(path.stem for path in (CONF / group).glob("*.yaml"))


@pytest.mark.parametrize("command", ["train", "sweep", "cost", "report", "translate"])
def test_the_config_is_shown(command: str, tmp_path: Path) -> None:
    ended = here(tmp_path, command, "--cfg", "job")
    assert (ended.status, ended.err) == (0, "")
    assert f"command: {'train' if command == 'sweep' else command}\n" in ended.out
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize(
    ("arguments", "unneeded"), [("--help", "hydra"), ("train --cfg job", "torch"), ("train scor=dot", "torch")]
)
def test_a_quick_answer_waits_for_no_slow_import(arguments: str, unneeded: str, tmp_path: Path) -> None:
    code = """if True:
        import sys
        from attnbench.cli.main import main
        unneeded, *arguments = sys.argv[1:]
        try:
            main(arguments)
        finally:
            assert unneeded not in sys.modules
    """
    command = [sys.executable, "-c", code, unneeded, *arguments.split()]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "AssertionError" not in ended.stderr
    assert ended.stdout or "no such key" in ended.stderr


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ended]:
    """The folder in which one job ran, by the default command."""
    folder = tmp_path_factory.mktemp("trained")
    return folder, here(folder, "score=additive", "progress=false", *TINY)


def test_one_job_leaves_a_record_and_says_where(trained: tuple[Path, Ended]) -> None:
    folder, ended = trained
    ((path, one),) = records(folder).items()
    assert (ended.status, ended.err, one.status) == (0, "", "finished")
    assert str(path.parent.relative_to(folder)) in ended.out
    assert path.parent.relative_to(folder).parts[:2] == ("runs", "train")
    assert path.parent.name == "seed=1"


def test_the_same_job_is_not_run_twice(trained: tuple[Path, Ended]) -> None:
    folder, _ = trained
    before = records(folder)
    assert here(folder, "score=additive", "progress=false", *TINY).status == 0
    assert records(folder) == before


def test_a_line_is_translated_into_a_line_in_order(trained: tuple[Path, Ended]) -> None:
    folder, _ = trained
    (path,) = records(folder)
    lines = (path.parent / "translations.tsv").read_text().splitlines()[1:]
    sources, wanted = [line.split("\t")[0] for line in lines], [line.split("\t")[2] for line in lines]
    text = "".join(f"{line}\n" for line in [*sources[:5], "", *sources[5:], ""])
    ended = run(folder, "translate", f"run={path.parent}", "device=cpu", lines=text)
    assert (ended.status, ended.err) == (0, "")
    found = ended.out.split("\n")
    assert found.pop() == ""
    assert len(found) == len(sources) + 2
    assert [*found[:5], *found[6:-1]] == wanted


def test_nothing_is_translated_into_nothing(trained: tuple[Path, Ended]) -> None:
    folder, _ = trained
    (path,) = records(folder)
    (folder / "empty.txt").write_text("")
    arguments = ["translate", f"run={path.parent}", "input=empty.txt", "output=out.txt", "device=cpu"]
    ended = here(folder, *arguments)
    assert (ended.status, ended.out, ended.err) == (0, "", "")
    assert (folder / "out.txt").read_text() == ""


def test_a_job_that_fails_says_why_and_where_the_rest_is(tmp_path: Path) -> None:
    ended = here(tmp_path, "score=location", "score.positions=4", "progress=false", *TINY)
    (one,) = records(tmp_path).values()
    assert ended.status != 0
    assert one.status == "failed"
    assert one.error
    (line,) = ended.err.splitlines()
    assert line.startswith("attnbench: ")
    assert one.error in line


@pytest.mark.parametrize("fails", [False, True])
def test_a_job_of_another_sweeper_returns_its_validation_bleu(fails: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    done = attention()
    assert done.training is not None

    def run(cfg: DictConfig) -> Record:
        if fails:
            raise RuntimeError("diverged")
        return done

    runtime = SimpleNamespace(output_dir="runs")
    monkeypatch.setattr(commands, "run", run)
    monkeypatch.setattr(HydraConfig, "get", lambda: SimpleNamespace(mode=RunMode.MULTIRUN, runtime=runtime))
    found = commands.execute(DictConfig({"command": "train"}))
    assert found is not None
    assert found == (0.0 if fails else done.training.validation_bleu)
