"""Every shipped config composes, and what it describes can be made; corpora are not loaded."""

from collections.abc import Iterator

import pytest
import torch
from hydra import compose, initialize_config_dir
from hydra.utils import get_object
from omegaconf import DictConfig, OmegaConf

from attnbench.cli.errors import keys
from attnbench.cli.help import commands
from attnbench.cli.paths import CONF
from attnbench.errors import UserError
from attnbench.job import check

CHOICES = [(path.parent.name, path.stem) for path in sorted(CONF.glob("*/*.yaml")) if path.parent.name != "hydra"]
# What a choice needs beside it.
BESIDE = {
    "parallel": ["task.source=corpus.txt"],
    "sentencepiece": ["task=parallel", "task.source=corpus.txt"],
    "words": ["task=parallel", "task.source=corpus.txt"],
}


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
    if "tracker" in cfg:
        check(cfg)


@pytest.mark.parametrize(("group", "choice"), CHOICES)
def test_a_choice_is_a_job(group: str, choice: str) -> None:
    cfg = composed("train", f"{group}={choice}", *BESIDE.get(choice, []))
    assert all(callable(get_object(target)) for target in targets(cfg))
    if (group, choice) == ("device", "cuda") and not torch.cuda.is_available():
        with pytest.raises(UserError, match="device=cuda: not on this machine"):
            check(cfg)
    else:
        check(cfg)


@pytest.mark.parametrize("command", ["train", "sweep", "cost"])
def test_every_cell_of_a_shipped_grid_is_a_job(command: str) -> None:
    """The grids are checked axis by axis: each value of each is accepted beside the first ones of the others."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose(command, return_hydra_config=True)
    for grid in cfg.hydra.sweeper.grids:
        assert_grid(command, grid)


@pytest.mark.parametrize("experiment", [path.stem for path in sorted((CONF / "experiment").glob("*.yaml"))])
def test_every_cell_of_an_experiment_is_a_job(experiment: str) -> None:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose("train", [f"experiment={experiment}"], return_hydra_config=True)
    assert cfg.hydra.sweeper.grids
    for grid in cfg.hydra.sweeper.grids:
        assert_grid("train", grid, f"experiment={experiment}")


def assert_grid(command: str, grid: DictConfig, *overrides: str) -> None:
    axes = {str(key): str(value).split(",") for key, value in grid.items()}
    first = {key: values[0] for key, values in axes.items()}
    for key, values in axes.items():
        for value in values:
            cell = [f"{name}={chosen}" for name, chosen in (first | {key: value}).items()]
            check(composed(command, *overrides, *cell))


def test_every_group_is_one_that_a_command_reads() -> None:
    assert {group for group, _ in CHOICES} <= {key for command in commands() for key in keys(command)}
