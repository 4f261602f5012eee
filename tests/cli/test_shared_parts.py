"""Resolved configs of cells, which share their parts, are those that Hydra composes."""

from collections.abc import Iterator

import pytest
from hydra import initialize_config_dir
from hydra.core.config_loader import ConfigLoader
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf

from attnbench.cli import hydra_run  # noqa: F401  # registers how a folder is named
from attnbench.cli.cell_configs import CellConfigs
from attnbench.cli.grid import cells
from attnbench.cli.paths import CONF
from attnbench.cli.plan import Planner
from attnbench.cli.shared_parts import SharedParts
from attnbench.job.identity import job_key
from tests.cli.test_cell_configs import master


@pytest.fixture
def loader() -> Iterator[ConfigLoader]:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        yield GlobalHydra.instance().config_loader()


GRIDS = [
    "score=dot,additive heads=1,4 length=8,16 training.learning_rate=0.1,0.2 seed=1,2",
    "model=transformer score@cross.score=dot,additive cross.heads=1,2 heads=1,4 width=16,32",
    "decoder=none,luong width=16,32 dropout=0.1,0.2 seed=1,2",
    "task=copy length=4,8 task.train=100,200 seed=1,2",
    "score=gaussian score.sigma=1,3 seed=1",
    "sweep=one,two score=dot,additive device=cpu",
]
FOLDERS = ["hydra.sweep.dir=/a", "hydra.sweep.dir=x/${hydra.job.override_dirname}"]


@pytest.mark.parametrize(
    ("arguments", "folder"), [*((grid, "") for grid in GRIDS), *((GRIDS[-1], folder) for folder in FOLDERS)]
)
def test_a_cell_has_the_values_the_key_and_the_folder_of_its_whole_config(
    arguments: str, folder: str, loader: ConfigLoader
) -> None:
    config = master(loader, "train", "tracker=none", *filter(None, [folder]))
    configs = CellConfigs(config, loader)
    shared, planner = SharedParts(configs), Planner(configs)
    overrides = cells([], None, arguments.split(), OverridesParser.create(config_loader=loader)).overrides
    for cell in overrides:
        whole, found = configs(cell), shared(cell)
        assert found is not None
        wanted = OmegaConf.to_container(whole, resolve=False)
        assert isinstance(wanted, dict)
        for name in wanted:
            if name != "hydra":
                node, mine = whole[name], found.cfg[name]
                assert type(node) is type(mine)
                if OmegaConf.is_config(node):
                    node, mine = OmegaConf.to_container(node, resolve=True), OmegaConf.to_container(mine)
                assert node == mine, name
        job = planner(cell)
        assert job.key == job_key(whole)
        assert str(job.sweep) == whole.hydra.sweep.dir
        assert str(job.folder) == f"{whole.hydra.sweep.dir}/{whole.hydra.sweep.subdir}"


def test_a_part_is_made_once_for_the_values_on_which_it_depends(loader: ConfigLoader) -> None:
    shared = SharedParts(CellConfigs(master(loader, "train"), loader))
    first, slower, wider = (
        shared([f"training.learning_rate={rate}", f"width={width}"])
        for rate, width in ((0.1, 16), (0.2, 16), (0.2, 32))
    )
    assert first and slower and wider
    assert first.parts["model"] is slower.parts["model"]
    assert first.parts["training"] is not slower.parts["training"]
    assert wider.parts["model"].plain != slower.parts["model"].plain
    assert wider.parts["training"] is slower.parts["training"]


@pytest.mark.parametrize("cell", ["++score.sigma=1", "~evaluation.samples", "heads=${length}"])
def test_what_is_not_a_choice_or_a_plain_value_is_left_to_hydra(cell: str, loader: ConfigLoader) -> None:
    assert SharedParts(CellConfigs(master(loader, "train"), loader))([cell]) is None
