"""The config of a cell is the one that Hydra composes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hydra import initialize_config_dir
from hydra.core.config_loader import ConfigLoader
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import ConfigCompositionException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from attnbench.cli.cell_configs import CellConfigs
from attnbench.cli.grid import cells
from attnbench.cli.paths import CONF


@pytest.fixture
def loader() -> Iterator[ConfigLoader]:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        yield GlobalHydra.instance().config_loader()


def master(loader: ConfigLoader, command: str, *overrides: str) -> DictConfig:
    """The config without the overrides of any cell."""
    return loader.load_configuration(command, list(overrides), RunMode.MULTIRUN)


def assert_same(loader: ConfigLoader, config: DictConfig, overrides: list[list[str]]) -> None:
    configs = CellConfigs(config, loader)
    for cell in overrides:
        mine, wanted = configs(cell), loader.load_sweep_config(config, cell)
        assert OmegaConf.to_container(mine) == OmegaConf.to_container(wanted)


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("sweep", []),
        ("sweep", ["score=gaussian,dot", "seed=1,2", "length=10", "cost.lengths=[16,32]", "tracker.project='a, b'"]),
        ("cost", ["score=dot,additive", "heads=1,4", "seed=1,2"]),
    ],
)
def test_each_cell_of_a_grid_has_the_config_of_hydra(command: str, arguments: list[str], loader: ConfigLoader) -> None:
    config = master(loader, command, "hydra.verbose=true")
    grids = OmegaConf.to_container(config.hydra.sweeper.grids)
    assert isinstance(grids, list)
    assert_same(loader, config, cells(grids, None, arguments, OverridesParser.create(config_loader=loader)).overrides)


@pytest.mark.parametrize(
    "cell",
    [
        "score=dot ++score.sigma=1 heads=1",
        "heads=1 ~evaluation.samples heads=4",
        "model=transformer score@cross.score=additive cross.heads=1 heads=2",
        "hydra.verbose=true heads=1",
        "decoder=none decoder.context=every_step",
        "score=gaussian score={sigma:3} heads=1",
        "scope=local_m scope.window=4 experiment=heads",
    ],
)
def test_an_unusual_cell_has_the_config_of_hydra(cell: str, loader: ConfigLoader) -> None:
    assert_same(loader, master(loader, "train"), [cell.split(), [*cell.split(), "seed=3"]])


def test_a_group_of_ones_own_is_a_group(loader: ConfigLoader, tmp_path: Path) -> None:
    for folder in ("experiment", "part"):
        (tmp_path / folder).mkdir()
    (tmp_path / "experiment" / "own.yaml").write_text("# @package _global_\ndefaults:\n  - /part: one\n")
    for number, choice in enumerate(("one", "two")):
        (tmp_path / "part" / f"{choice}.yaml").write_text(f"number: {number}\n")
    config = master(loader, "train", f"hydra.searchpath=['{tmp_path}']")
    assert_same(loader, config, [["experiment=own", "part=two", "heads=1"]])


@pytest.mark.parametrize("cell", ["heads=1 score.nothing=1", "nothing=1 heads=1", "heads@nothing=1"])
def test_an_error_is_that_of_hydra(cell: str, loader: ConfigLoader) -> None:
    config = master(loader, "train")
    with pytest.raises(ConfigCompositionException) as wanted:
        loader.load_sweep_config(config, cell.split())
    with pytest.raises(ConfigCompositionException) as found:
        CellConfigs(config, loader)(cell.split())
    assert str(found.value) == str(wanted.value)
