"""Different jobs never share a folder, and a job whose files have changed is another job."""

from pathlib import Path

import pytest

from attnbench import record
from attnbench.report import load
from tests.cli.command_line import TINY, here

CORPUS = [
    *(each for each in TINY if not each.startswith(("task.", "training.updates"))),
    *("training.updates=2", "task=parallel", "segmentation=words", "task.validation=5", "task.test=5"),
]


def corpus(path: Path, word: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{word} {number}\t{number} {word}\n" for number in range(40)))


@pytest.mark.slow
@pytest.mark.usefixtures("no_report")
def test_sources_whose_names_differ_in_a_slash(tmp_path: Path) -> None:
    corpus(tmp_path / "c" / "x.tsv", "one")
    corpus(tmp_path / "c_x.tsv", "other")
    ended = here(tmp_path, "sweep", *CORPUS, "grid=none", "task.source=c/x.tsv,c_x.tsv", "sweep=s")
    assert ended.status == 0, ended.err
    assert len(load([tmp_path / "runs" / "s"]).entries) == 2


def test_a_file_with_other_content(tmp_path: Path) -> None:
    """The job runs again. What it was before is kept, and is in no report of the sweep."""
    command = ["train", *CORPUS, "task.source=my.tsv", "sweep=s"]
    corpus(tmp_path / "my.tsv", "one")
    first = here(tmp_path, *command)
    assert first.status == 0, first.err
    assert "finished already" in here(tmp_path, *command).out
    [path] = (tmp_path / "runs" / "s").glob("*/*/record.json")
    before = record.read(path)
    corpus(tmp_path / "my.tsv", "other")
    again = here(tmp_path, *command)
    assert again.status == 0 and "finished already" not in again.out
    now = record.read(path)
    assert now.key != before.key and now.inputs.keys() == before.inputs.keys() == {"my.tsv"}
    kept = tmp_path / "runs" / "s" / record.EARLIER / before.key
    assert record.read(kept / record.NAME) == before and (kept / "checkpoint.pt").is_file()
    assert [each.record.key for each in load([tmp_path / "runs" / "s"]).entries] == [now.key]
    corpus(tmp_path / "my.tsv", "one")
    assert "finished already" in here(tmp_path, *command).out


def test_names_of_han_characters(tmp_path: Path) -> None:
    corpus(tmp_path / ("語" * 70 + ".tsv"), "one")
    ended = here(tmp_path, "train", *CORPUS, f"task.source='{'語' * 70}.tsv'", "sweep=s")
    assert ended.status == 0, ended.err
