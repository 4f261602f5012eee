"""Hydra's errors in one line, with what was probably meant."""

import difflib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import MissingConfigException, OverrideParseException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import MissingMandatoryValue

from attnbench.cli.help import groups
from attnbench.cli.paths import CONF
from attnbench.errors import UserError


def nearest(word: str, known: Sequence[str], otherwise: str = "") -> str:
    """The end of a message about an unknown word: the near matches, or else `otherwise`, or all there is."""
    if near := difflib.get_close_matches(word, known, n=3):
        return f"did you mean {' or '.join(near)}?"
    return otherwise or f"there are {', '.join(known)}"


def refuse(command: str, overrides: list[str]) -> None:
    """Refuses overrides that Hydra would take, or would stumble over.

    Raises:
        UserError: `+key` for a key that nothing reads, or a group without a choice.
    """
    for argument, override in zip(overrides, OverridesParser.create().parse_overrides(overrides), strict=True):
        key, choices = override.key_or_group, groups().get(override.key_or_group)
        if not key:
            raise UserError(_unreadable(argument))
        if override.is_add() and key.partition(".")[0].partition("/")[0] != "hydra" and key not in keys(command):
            raise UserError(_unknown(command, key, argument))
        if choices and not override.is_delete() and override.value() is None:
            raise UserError(f"{argument}: must be a choice of {key}; there are {', '.join(choices)}")


def explain(error: Exception, command: str, overrides: list[str]) -> str:
    """What a user reads instead of Hydra's error.

    Args:
        error: raised by Hydra while it composed the config, or by a config that lacks something.
        command: the root config.
        overrides: those that were given.
    """
    text = " ".join(str(error).split())
    if isinstance(error, OverrideParseException):
        return _unreadable(str(error.override))
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        group, _, choice = str(error.missing_cfg_file).rpartition("/")
        return f"{group}={choice}: no such choice; {nearest(choice, error.options or groups().get(group, []))}"
    if isinstance(error, MissingMandatoryValue):
        return f"{error.full_key}: missing; say {error.full_key}=..."
    if several := re.match("Ambiguous value for argument '(.*?)' 1[.]", text):
        return f"{several[1]}: several values make a sweep; say python -m attnbench sweep, or -m"
    if unknown := re.match("Could not (?:override|delete from config[.]) '(.*?)'", text):
        key = unknown[1]
        given = (argument for argument in overrides if argument.lstrip("+~").partition("=")[0] == key)
        return _unknown(command, key, next(given, key))
    return text


def _unreadable(argument: str) -> str:
    return f"{argument}: cannot be read as key=value; quote what has spaces, commas or brackets: 'key=\"a, b\"'"


def _unknown(command: str, key: str, argument: str) -> str:
    known = keys(command)
    if owners := known.get(key):
        return f"{argument}: the chosen {key.partition('.')[0]} has no such key; {' and '.join(owners)} has it"
    hint = f"python -m attnbench {command} --cfg job shows all"
    return f"{argument}: no such key in {command}; {nearest(key, list(known), hint)}"


def keys(command: str) -> dict[str, list[str]]:
    """Every key that a command's config can have, with the choices that bring it; none, where it is always there."""
    root = OmegaConf.load(CONF / f"{command}.yaml")
    assert isinstance(root, DictConfig)
    found: dict[str, list[str]] = {}
    for default in root.pop("defaults"):
        if isinstance(default, str):
            found |= {} if default == "_self_" else keys(default)
            continue
        group = next(iter(default))
        found[group] = []
        for path in sorted((CONF / group).glob("*.yaml")) if "/" not in group else ():
            for key in _keys_of(path, group):
                found.setdefault(key, []).append(f"{group}={path.stem}")
    return found | dict.fromkeys(_walk(root), [])


def _keys_of(path: Path, group: str) -> Iterator[str]:
    """The keys of a choice, where its package puts them."""
    package = re.match("# @package (.+)", path.read_text(encoding="utf-8"))
    content = OmegaConf.load(path)
    assert isinstance(content, DictConfig)
    content.pop("defaults", None)
    prefix = package[1].strip() if package else group
    return _walk(content, "" if prefix == "_global_" else f"{prefix}.")


def _walk(node: DictConfig, prefix: str = "") -> Iterator[str]:
    for name in node:
        if name in ("_target_", "_partial_", "hydra"):
            continue
        yield f"{prefix}{name}"
        child = node._get_node(name)
        if isinstance(child, DictConfig) and not child._is_none():
            yield from _walk(child, f"{prefix}{name}.")
