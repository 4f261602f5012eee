"""The config of each cell of a sweep."""

import copy
import functools
from collections.abc import Sequence
from typing import NamedTuple

from hydra._internal.config_loader_impl import get_overrides_dirname
from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, OverrideType
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException


class Split(NamedTuple):
    """The overrides of a cell.

    Args:
        choices: of groups, as on a command line.
        values: of keys.
        parsed: all, in their order.
    """

    choices: tuple[str, ...]
    values: list[Override]
    parsed: list[Override]


class CellConfigs:
    """Makes the same configs as Hydra, but has it compose each combination of choices only once.

    To compose is slow, and most cells differ in values alone (heads=4, seed=2). Hydra sets values after it has read the
    files of all choices. So the config of a cell is a copy of that of its choices, with its values set.

    Args:
        config: composed without the overrides of any cell.
        loader: composes.
    """

    def __init__(self, config: DictConfig, loader: ConfigLoader) -> None:
        self.config, self.loader = config, loader
        self.composed: dict[tuple[str, ...], DictConfig] = {}
        parser = OverridesParser.create(config_loader=loader)
        self.parsed = functools.cache(parser.parse_override)  # cells have most overrides in common
        self.is_group = functools.cache(self._is_group)

    def __call__(self, overrides: Sequence[str]) -> DictConfig:
        """The config of the cell with these overrides."""
        if split := self.split(overrides):
            try:
                return _with_values(self.of_choices(split.choices), split.values, split.parsed)
            except OmegaConfBaseException:
                pass  # Hydra says below what is wrong
        return self.loader.load_sweep_config(self.config, list(overrides))

    def split(self, overrides: Sequence[str]) -> Split | None:
        """The choices and the values among the overrides; None if there is anything else."""
        parsed = [self.parsed(each) for each in overrides]
        values = [each for each in parsed if not self.is_group(each.key_or_group)]
        if not all(_is_plain(each) for each in parsed) or any(value.package for value in values):
            return None
        choices = tuple(str(each.input_line) for each in parsed if self.is_group(each.key_or_group))
        return Split(choices, values, parsed)

    def of_choices(self, choices: tuple[str, ...]) -> DictConfig:
        """The config without values of a cell. It is not to be changed."""
        if choices not in self.composed:
            self.composed[choices] = self.loader.load_sweep_config(self.config, list(choices))
        return self.composed[choices]

    def _is_group(self, key: str) -> bool:
        """Whether there are files to choose from, also in a folder that is added on the command line."""
        name, added = self.config.hydra.job.config_name, list(self.config.hydra.overrides.hydra)
        return bool(self.loader.get_group_options(key, config_name=name, overrides=added))


def _is_plain(override: Override) -> bool:
    """Whether it is `key=value`, and not a key of Hydra's own config."""
    return override.type is OverrideType.CHANGE and not override.is_hydra_override()


def _with_values(composed: DictConfig, values: Sequence[Override], overrides: Sequence[Override]) -> DictConfig:
    """A copy of `composed` with `values` set, and with what Hydra notes about the overrides of a config."""
    cfg = copy.deepcopy(composed)
    for value in values:
        OmegaConf.update(cfg, value.key_or_group, value.value(), merge=True)
    cfg.hydra.overrides.task = [override.input_line for override in overrides]
    naming = cfg.hydra.job.config.override_dirname
    cfg.hydra.job.override_dirname = get_overrides_dirname(
        list(overrides), naming.exclude_keys, item_sep=naming.item_sep, kv_sep=naming.kv_sep
    )
    return cfg
