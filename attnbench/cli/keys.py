"""Every key that a command has, read off the folder of configs."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from attnbench.cli.help import choices
from attnbench.cli.paths import CONF


@cache
def keys(command: str) -> dict[str, list[str]]:
    """Every key that a command's config can have, with the choices that add it, if it is not always there."""
    return _keys(CONF / f"{command}.yaml", "")


def _keys(path: Path, package: str) -> dict[str, list[str]]:
    """The keys of one file, and those of all files that its defaults may add."""
    content = OmegaConf.load(path)
    assert isinstance(content, DictConfig)
    if header := re.match("# @package (.+)", path.read_text(encoding="utf-8")):
        package = header[1].strip().replace("_global_", "")
    found: dict[str, list[str]] = {}
    for default in content.pop("defaults", []):
        for key, owners in _brought(default, path, package).items():
            found.setdefault(key, []).extend(owners)
    return found | {key: [] for key in _walk(content, f"{package}." if package else "")}


def _brought(default: str | DictConfig, path: Path, package: str) -> dict[str, list[str]]:
    """The keys that one entry of a file's defaults may add: those of another file, or of any choice of a group."""
    if isinstance(default, str):
        return {} if default == "_self_" else _keys(path.with_name(f"{default}.yaml"), package)
    name, _, place = str(next(iter(default))).partition("@")
    if name.startswith(("override ", "hydra", "/hydra")):
        return {}
    folder = CONF / name[1:] if name.startswith("/") else path.parent / name
    group = folder.relative_to(CONF).as_posix()
    inside = ".".join(filter(None, (package, place or group)))
    override = f"{group}@{inside}" if place else group
    found: dict[str, list[str]] = {override: []}
    offered = choices(group) if group != "experiment" else []  # an experiment adds no key of its own
    for choice in offered:
        owner = [f"{override}={choice}"] if len(offered) > 1 else []
        for key, owners in _keys(folder / f"{choice}.yaml", inside).items():
            found.setdefault(key, []).extend(owners or owner)
    return found


def _walk(node: DictConfig, prefix: str) -> Iterator[str]:
    """The full keys below a node."""
    for name in node:
        if name in ("_target_", "_partial_", "hydra"):
            continue
        yield f"{prefix}{name}"
        child = node._get_node(name)
        if isinstance(child, DictConfig) and not child._is_none():
            yield from _walk(child, f"{prefix}{name}.")
