"""The warnings of a job are in its record and on the terminal, each once."""

import logging
from pathlib import Path

import pytest
from omegaconf import DictConfig

from attnbench import record
from attnbench.job.build import build_task
from attnbench.job.kept_warnings import warnings_kept
from tests.cli.command_line import here

log = logging.getLogger("attnbench.a.module")
SHARED = "task.test: 2 of its 3 source sentences are also in the training set"
EMPTY = "all.tsv: 1 pairs with an empty side are left out"


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    lines = [f"{letter} {other}\tx {letter}" for letter in "abcdef" for other in "abcdef"]
    (tmp_path / "all.tsv").write_text("\n".join([*lines, "empty\t"]) + "\n")
    (tmp_path / "test.tsv").write_text("\n".join([*lines[:2], "new\tnew"]) + "\n")
    return tmp_path


def test_each_warning_is_kept_once_in_one_line() -> None:
    with warnings_kept() as found:
        log.info("not this one")
        log.warning("one: %d\n  lines", 2)
        log.error("two")
        log.warning("one: %d lines", 2)
        logging.getLogger("another").warning("nor this one")
        try:
            raise OSError(28, "no space")
        except OSError:
            log.exception("three")
    log.warning("after it")
    assert found == ["one: 2 lines", "two", "three: OSError: [Errno 28] no space"]


def test_jobs_that_share_a_task_share_its_warnings(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(corpus)
    task = DictConfig(
        {
            "_target_": "attnbench.tasks.corpora.parallel.parallel",
            "source": "all.tsv",
            "target": None,
            "columns": [0, 1],
            "validation": 3,
            "test": {"source": "test.tsv"},
            "lowercase": False,
            "tokenized": False,
            "bleu_tokenize": "13a",
            "max_length": 10,
            "segmentation": {"_target_": "attnbench.tasks.vocabulary.words", "_partial_": True, "min_count": 1},
        }
    )
    for _ in range(2):
        with warnings_kept() as found:
            build_task(task)
        assert found == [EMPTY, SHARED]


def test_a_record_and_the_terminal_have_them(corpus: Path) -> None:
    data = "task=parallel task.source=all.tsv task.test={source:test.tsv} task.validation=3"
    small = "tracker=none progress=false device=cpu training.updates=2 width=16 cost.lengths=[16,32]"
    ended = here(corpus, "train", *data.split(), *small.split())
    assert ended.status == 0, ended.err
    assert f"\nwarning: {EMPTY}\nwarning: {SHARED}\n" in ended.out
    [path] = corpus.glob("runs/*/*/*/record.json")
    assert record.read(path).warnings == [EMPTY, SHARED]
