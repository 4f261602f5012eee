"""The resolved configs of many cells, which share the parts that they have in common."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from hydra._internal.config_loader_impl import get_overrides_dirname
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from omegaconf.grammar_parser import parse

from attnbench.cli.cell_configs import CellConfigs

Texts = tuple[str, ...]  # overrides, as on a command line


@dataclass(frozen=True)
class Part:
    """A top-level node of a config, resolved."""

    plain: Any
    node: Any


@dataclass(frozen=True)
class Resolved:
    """The config of a cell.

    Args:
        cfg: resolved; it is not to be changed, as it shares its parts with those of other cells. It lacks Hydra's own
            part.
        sweep: the folder of the sweep.
        folder: of the job.
        parts: by their names.
        variants: by the names of the parts: all choices, and the values on which the part depends. Equal variants are
            equal parts.
    """

    cfg: DictConfig
    sweep: Path
    folder: Path
    parts: Mapping[str, Part]
    variants: Mapping[str, tuple[Texts, Texts]]


class SharedParts:
    """Makes the resolved configs of cells. A part is resolved once for each set of values on which it depends.

    To compose and to resolve a config takes about 50 ms, and a sweep may have thousands of cells. But its parts have
    few variants: a learning rate changes nothing about the model.

    Args:
        configs: makes the config of one cell.
    """

    def __init__(self, configs: CellConfigs) -> None:
        self.configs = configs
        self.parts: dict[tuple[str, Texts, Texts], Part] = {}
        self.dependencies: dict[Texts, Dependencies] = {}

    def __call__(self, overrides: Sequence[str]) -> Resolved | None:
        """The resolved config of a cell; None for a cell that is not just choices and plain values, or that cannot be
        resolved.
        """
        split = self.configs.split(overrides)
        if split is None or any("$" in str(each.input_line) for each in split.parsed):
            return None
        if split.choices not in self.dependencies:
            self.dependencies[split.choices] = Dependencies(self.configs.of_choices(split.choices))
        needed = self.dependencies[split.choices]
        variants = {name: (split.choices, needed.variant(name, split.values)) for name in needed.names}
        missing = [name for name, variant in variants.items() if (name, *variant) not in self.parts]
        if missing:
            whole = self.configs(overrides)
            try:
                self.parts |= {(name, *variants[name]): _part(whole, name) for name in missing}
            except OmegaConfBaseException:  # in a part that the job may not need
                return None
        parts = {name: self.parts[name, *variant] for name, variant in variants.items()}
        nodes = {name: part.node for name, part in parts.items()}
        return Resolved(_with_nodes(OmegaConf.create(), nodes), *needed.folders(nodes, split.parsed), parts, variants)


class Dependencies:
    """On which values the parts of a config depend, by their interpolations.

    Args:
        config: of some choices, without the values of a cell.
    """

    def __init__(self, config: DictConfig) -> None:
        plain = OmegaConf.to_container(config, resolve=False)
        assert isinstance(plain, dict)
        hydra, self.plain = plain.pop("hydra"), plain
        self.naming = hydra["job"]["config"]["override_dirname"]
        self.named = OmegaConf.create({"hydra": {"sweep": hydra["sweep"], "job": {"override_dirname": ""}}})
        # Read once: to read an interpolation takes longer than to resolve it.
        self.read = {key: parse(str(hydra["sweep"][key])) for key in ("dir", "subdir")}
        self.names = [str(name) for name in plain]
        self.paths = {name: self._paths(name) for name in self.names}
        self.depends = cache(self._depends)

    def variant(self, name: str, values: Sequence[Override]) -> Texts:
        """The values on which the part called `name` depends."""
        return tuple(str(value.input_line) for value in values if self.depends(name, value.key_or_group))

    def folders(self, nodes: Mapping[str, Any], overrides: Sequence[Override]) -> tuple[Path, Path]:
        """The folder of the sweep, and that of the cell with these nodes and overrides."""
        exclude, item, pair = (self.naming[key] for key in ("exclude_keys", "item_sep", "kv_sep"))
        cell = _with_nodes(self.named, nodes)
        cell.hydra.job.override_dirname = get_overrides_dirname(list(overrides), exclude, item_sep=item, kv_sep=pair)
        sweep = cell.hydra.sweep
        folder, below = (
            str(sweep.resolve_parse_tree(tree, sweep._get_node(key), key=key)) for key, tree in self.read.items()
        )
        return Path(folder), Path(folder) / below

    def _depends(self, name: str, key: str) -> bool:
        paths = self.paths[name]
        return paths is None or any(f"{key}.".startswith(f"{path}.") or path.startswith(f"{key}.") for path in paths)

    def _paths(self, name: str) -> set[str] | None:
        """All paths that a part reads, its own among them; None if they cannot be told."""
        found, todo = set[str](), [name]
        while todo:
            path = todo.pop()
            if path not in found:
                found.add(path)
                for text in _texts_at(self.plain, path.split(".")):
                    references = _references(text, path.partition(".")[0])
                    if references is None:
                        return None
                    todo += references
        return found


def _texts_at(node: Any, path: Sequence[str]) -> Iterator[str]:
    """The texts at a path and below it. A text on the way there may refer to what the path names."""
    if isinstance(node, str):
        yield node
    elif path and isinstance(node, dict):
        yield from _texts_at(node.get(path[0]), path[1:])
    elif isinstance(node, dict | list):
        for below in node.values() if isinstance(node, dict) else node:
            yield from _texts_at(below, path)


def _references(text: str, part: str) -> list[str] | None:
    """The paths to which the interpolations of a text refer. None if it calls a function that may read anything.

    Args:
        text: a value in a config.
        part: in which it is. A relative path counts as the whole part, and as a path from the root.
    """
    found = []
    for inside in re.findall(r"\$\{([^${}]*)", text):
        function, colon, arguments = inside.rpartition(":")
        if colon and function != "oc.select":
            return None
        for path in filter(None, (each.strip() for each in arguments.split(","))):
            found += [part, path.lstrip(".")] if path.startswith(".") else [path]
    return found


def _part(config: DictConfig, name: str) -> Part:
    node = config[name]
    plain = OmegaConf.to_container(node, resolve=True) if OmegaConf.is_config(node) else node
    return Part(plain, OmegaConf.create({name: plain})._get_node(name))


def _with_nodes(config: DictConfig, nodes: Mapping[str, Any]) -> DictConfig:
    """The config, which is changed, with these nodes themselves: to set them would copy them."""
    config.__dict__["_content"].update(nodes)
    return config
