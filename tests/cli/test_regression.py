"""Kernel regression from the command line: its sweep, its table, its records, and refused values."""

from pathlib import Path

import pytest

from tests.cli.command_line import Ended, here, records

SWEEP = ["sweep", "task=kernel_regression", "tracker=none", "device=cpu", "seed=1", "training.updates=5"]


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ended]:
    """The folder in which the sweep ran with one seed."""
    folder = tmp_path_factory.mktemp("regression")
    return folder, here(folder, *SWEEP)


def test_the_task_brings_its_own_grid_and_folder(swept: tuple[Path, Ended]) -> None:
    folder, ended = swept
    assert ended.status == 0, ended
    found = records(folder / "runs" / "kernel_regression")
    poolings = [(one.factors["score"], one.factors.get("score.learned")) for one in found.values()]
    assert sorted(poolings, key=str) == [("average", None), ("gaussian", None), ("gaussian", True)]
    for one in found.values():
        assert one.regression is not None
        assert (one.training, one.quality, one.step, one.scaling, one.alignments) == (None, None, None, None, [])
        assert not {"model", "decoder", "loss", "heads", "key_value", "precision"} & set(one.factors)


def test_the_table_shows_what_there_is_and_no_empty_column(swept: tuple[Path, Ended]) -> None:
    heads = next(line.split() for line in swept[1].out.splitlines() if line.startswith("score"))
    assert heads == ["score", "score.learned", "seeds", "test", "error", "sigma", "seconds", "status"]


def test_the_report_shows_what_there_is(swept: tuple[Path, Ended]) -> None:
    folder, _ = swept
    found = folder / "reports" / "kernel_regression"
    assert {path.stem for path in (found / "figures").glob("*.svg")} == {"pooling_curves", "pooling_weights"}
    assert {"pooling_errors", "reproduction"} <= {path.stem for path in (found / "tables").glob("*.csv")}
    assert "BLEU" not in (found / "index.html").read_text()


@pytest.mark.slow
@pytest.mark.usefixtures("no_report")
def test_the_same_seed_gives_the_same_to_the_last_digit(swept: tuple[Path, Ended]) -> None:
    folder, _ = swept
    before = records(folder)
    assert here(folder, *SWEEP, "force=true").status == 0
    assert [one.regression for one in records(folder).values()] == [one.regression for one in before.values()]


@pytest.mark.parametrize("argument", ["decoder=none", "model.layers=2", "length=16", "precision=bf16"])
def test_what_belongs_to_translation_is_refused(argument: str, tmp_path: Path) -> None:
    ended = here(tmp_path, "train", "task=kernel_regression", "tracker=none", argument)
    assert (ended.status, ended.out) == (2, "")
    (line,) = ended.err.splitlines()
    assert line.startswith(f"attnbench: {argument}: ")
