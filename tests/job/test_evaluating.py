"""What a job finds beside the quality of its test set."""

import logging
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hydra import compose, initialize_config_dir

from attnbench.cli.paths import CONF
from attnbench.job.results import Folders
from attnbench.job.translation import Results, train
from attnbench.tracking.tracker import TrackedRun
from attnbench.training.resume import NAME, StateFile

TINY = [
    "device=cpu",
    "progress=false",
    "length=8",
    "task.train=300",
    "task.validation=20",
    "task.test=30",
    "task.beyond=10",
    "training.updates=5",
    "width=8",
    "evaluation.aligned=20",
    "cost.lengths=[16,32]",
    "cost.repetitions=2",
]
UNTRACKED = cast(TrackedRun, SimpleNamespace(validation=lambda point: None, update=lambda update, values: None))


@cache
def found(*overrides: str) -> Results:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose("train", [*TINY, *overrides])
    folder = Path(mkdtemp())
    return train(cfg, Folders(folder, StateFile(folder / NAME, {}), None), UNTRACKED)


def timeless(results: Results) -> Any:
    assert results.training is not None
    return (
        *vars(replace(results, evaluation_s=None, training=None, step=None, scaling=None)).values(),
        results.training.best_update,
    )


def test_longer_sentences_and_alignments_are_judged_too() -> None:
    results = found()
    training, quality, beyond, alignment = results.training, results.quality, results.beyond, results.alignment
    assert training and quality and beyond and alignment
    assert max(quality.source_lengths) <= training.longest_source < min(beyond.source_lengths)
    assert (quality.sentences, beyond.sentences, beyond.samples) == (30, 10, [])
    assert beyond.test_set != quality.test_set
    assert (alignment.sentences, alignment.gold) == (20, "task")
    assert len(alignment.links) == len(alignment.implicit_links) == 20
    assert len(alignment.heads) == 1
    assert len(results.alignments) == 3


def test_the_same_seed_finds_the_same_to_the_last_digit() -> None:
    first = timeless(found())
    found.cache_clear()
    assert timeless(found()) == first


@pytest.mark.parametrize(
    "table", [["score=location", "score.positions=9"], ["positions=learned", "positions.longest=12"]]
)
def test_a_model_whose_table_ends_is_not_judged_beyond_it(table: list[str], caplog: pytest.LogCaptureFixture) -> None:
    model = ["model=transformer", "heads=1"] if "positions=learned" in table else []
    with caplog.at_level(logging.WARNING):
        results = found(*model, *table)
    assert results.quality is not None and results.beyond is None
    key = table[1].split("=")[0]
    assert f"sentences beyond the training length are not evaluated: {key}=" in caplog.text


def test_there_may_be_nothing_beyond_and_nothing_to_align() -> None:
    results = found("task.beyond=0", "evaluation.aligned=0")
    assert results.beyond is None and results.alignment is None and results.quality is not None


def test_a_table_of_translations_has_three_columns_whatever_a_sentence_holds(tmp_path: Path) -> None:
    whites = ["\t", "\r", "\v", "\f", "\x85", "\u2028", "\u00a0", "  "]
    for name, word in (("source", "a"), ("target", "b")):
        lines = [f"{word}{white}{number}\n" for number, white in enumerate(whites)]
        (tmp_path / name).write_text("".join(lines), "utf-8", newline="")
    files = f"{{source: {tmp_path}/source, target: {tmp_path}/target}}"
    corpus = ["task=parallel", f"task.source={tmp_path}/source", f"task.target={tmp_path}/target"]
    sizes = ["training.updates=1", "width=8", "cost.lengths=[16]", "cost.repetitions=1", "progress=false", "device=cpu"]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        own = [f"task.validation={files}", f"task.test={files}", "segmentation.min_count=1", *sizes]
        cfg = compose("train", [*corpus, *own])
    train(cfg, Folders(tmp_path, StateFile(tmp_path / NAME, {}), None), UNTRACKED)
    table = (tmp_path / "translations.tsv").read_text("utf-8")
    rows = [line.split("\t") for line in table.removesuffix("\n").split("\n")]
    assert rows[0] == ["source", "reference", "hypothesis"] and {*map(len, rows)} == {3}
    ends = [" "] * 6 + ["\u00a0", "  "]
    assert [row[:2] for row in rows[1:]] == [[f"a{end}{i}", f"b{end}{i}"] for i, end in enumerate(ends)]
