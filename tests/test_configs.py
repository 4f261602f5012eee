"""Every shipped config composes, and its objects can be made."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.utils import get_object
from omegaconf import DictConfig, OmegaConf

from attnbench.cli.help import commands
from attnbench.cli.keys import keys
from attnbench.cli.paths import CONF
from attnbench.errors import UnavailableError, UserError
from attnbench.job.run import check
from tests.marks import slow

CHOICES = [(path.parent.name, path.stem) for path in sorted(CONF.glob("*/*.yaml")) if path.parent.name != "hydra"]
# What a choice needs beside it.
BESIDE = {
    "parallel": ["task.source=corpus.txt"],
    "sentencepiece": ["task=parallel", "task.source=corpus.txt"],
    "regression": ["task=kernel_regression"],
    "additive": ["score=additive"],
    "windowed": ["scope=local_m"],
    "words": ["task=parallel", "task.source=corpus.txt"],
}

DATA = Path(os.environ.get("ATTNBENCH_DATA", "/nonexistent"))
READS = ("multi30k", "tatoeba")  # a choice whose name begins so reads the corpus there

COMMAND = {"contender": "cost", "match": "sweep"}  # of the groups that `train` does not have
MAY_LACK = {"contender": (UnavailableError,)}  # what a choice may be refused with: its package may not be installed


@pytest.fixture(autouse=True)
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A check reads the corpus of a task."""
    monkeypatch.chdir(tmp_path)
    Path("corpus.txt").write_text("".join(f"one {number}\t{number} two\n" for number in range(2100)))


def skip_without_corpus(choice: str) -> None:
    for corpus in READS:
        if choice.startswith(corpus) and not (DATA / corpus).is_dir():
            pytest.skip(f"{corpus} is not in $ATTNBENCH_DATA")


def composed(command: str, *overrides: str) -> DictConfig:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose(command, list(overrides))


def targets(node: DictConfig) -> list[str]:
    """Every `_target_` of a config, resolved."""
    return list(_targets(OmegaConf.to_container(node, resolve=True)))


def _targets(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        yield from (part[key] for key in part if key == "_target_")
        for child in part.values():
            yield from _targets(child)


@pytest.mark.parametrize("command", list(commands()))
def test_a_command_composes(command: str) -> None:
    cfg = composed(command)
    assert cfg.command in commands()
    if "procedure" in cfg:
        check(cfg)


@pytest.mark.parametrize(("group", "choice"), CHOICES)
def test_a_choice_is_a_job(group: str, choice: str) -> None:
    skip_without_corpus(choice)
    cfg = composed(COMMAND.get(group, "train"), f"{group}={choice}", *BESIDE.get(choice, []))
    assert all(callable(get_object(target)) for target in targets(cfg))
    if (group, choice) == ("device", "cuda") and not torch.cuda.is_available():
        with pytest.raises(UserError, match="device=cuda: not on this machine"):
            check(cfg)
    else:
        with contextlib.suppress(*MAY_LACK.get(group, ())):
            check(cfg)


@pytest.mark.parametrize("command", ["train", "sweep", "cost"])
def test_every_cell_of_a_shipped_grid_is_a_job(command: str) -> None:
    """The grids are checked axis by axis: each value of each is accepted beside the first ones of the others."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose(command, return_hydra_config=True)
    for grid in cfg.hydra.sweeper.grids:
        assert_grid(command, grid)


@pytest.mark.parametrize("whole", [False, slow(True)])
@pytest.mark.parametrize("experiment", [path.stem for path in sorted((CONF / "experiment").glob("*.yaml"))])
def test_a_cell_of_an_experiment_is_a_job(experiment: str, whole: bool) -> None:
    skip_without_corpus(experiment)
    command = "cost" if "contender:" in (CONF / "experiment" / f"{experiment}.yaml").read_text() else "sweep"
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose(command, [f"experiment={experiment}"], return_hydra_config=True)
    grids = cfg.hydra.sweeper.grids
    assert grids
    for grid in grids if whole else grids[-1:]:
        assert_grid(command, grid, f"experiment={experiment}", whole=whole)


def assert_grid(command: str, grid: DictConfig, *overrides: str, whole: bool = True) -> None:
    parser = OverridesParser.create()
    overridden = {str(key): parser.parse_override(f"{key}={value}") for key, value in grid.items()}
    axes = {
        key: list(override.sweep_string_iterator()) if override.is_sweep_override() else [str(grid[key])]
        for key, override in overridden.items()
    }
    first = {key: values[0] for key, values in axes.items()}
    cells = [tuple((first | {key: value}).items()) for key, values in axes.items() for value in values]
    for cell in dict.fromkeys(cells if whole else cells[-1:]):
        with contextlib.suppress(*(lack for axis in axes for lack in MAY_LACK.get(axis, ()))):
            check(composed(command, *overrides, *(f"{name}={chosen}" for name, chosen in cell)))


def test_every_group_is_one_that_a_command_reads() -> None:
    assert {group for group, _ in CHOICES} <= {key for command in commands() for key in keys(command)}
