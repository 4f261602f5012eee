"""Hydra's errors in one line, with what was probably meant."""

import difflib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import MissingConfigException, OverrideParseException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import MissingMandatoryValue

from attnbench.cli.help import choices
from attnbench.cli.paths import CONF
from attnbench.errors import UserError


def nearest(word: str, known: Sequence[str], otherwise: str = "") -> str:
    """The end of a message about an unknown word: similar known words, or else `otherwise`, or else all known words."""
    if near := difflib.get_close_matches(word, known, n=3):
        return f"did you mean {' or '.join(near)}?"
    return otherwise or f"there are {', '.join(known)}"


def refuse(command: str, overrides: list[str]) -> None:
    """Refuses overrides that Hydra would accept without effect, or that would make it fail.

    Raises:
        UserError: a key that `+` would add though nothing reads it, or a group without a choice.
    """
    for argument, override in zip(overrides, OverridesParser.create().parse_overrides(overrides), strict=True):
        key = override.key_or_group
        adds = override.is_add() or override.is_force_add()
        if not key:
            raise UserError(_unreadable(argument))
        if adds and not key.startswith("hydra"):
            if key not in keys(command):
                raise UserError(_unknown(command, key, argument))
            if override.is_add():
                raise UserError(f"{argument}: {key} needs no +; say {argument.removeprefix('+')}")
        if (offered := choices(key)) and not override.is_delete() and override.value() is None:
            raise UserError(f"{argument}: must be a choice of {key}; there are {', '.join(offered)}")


def explain(error: Exception, command: str, overrides: list[str]) -> str:
    """The message that a user reads instead of Hydra's error.

    Args:
        error: raised by Hydra while it composed the config, or raised because a value is missing.
        command: the root config.
        overrides: of the command line.
    """
    text = " ".join(str(error).split())
    if refused := re.match("UserError raised while resolving interpolation: (.*)", str(error)):
        return refused[1]
    if isinstance(error, OverrideParseException):
        return _unreadable(str(error.override))
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        group, _, choice = str(error.missing_cfg_file).rpartition("/")
        return f"{group}={choice}: no such choice; {nearest(choice, error.options or choices(group))}"
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
    return f"{argument}: cannot be read as key=value; quote a value that has spaces, commas or brackets: 'key=\"a, b\"'"


def _unknown(command: str, key: str, argument: str) -> str:
    known = keys(command)
    if owners := known.get(key):
        whole = f"the chosen {key.rpartition('.')[0]}" if "." in key and "@" not in key else "this job"
        return f"{argument}: not a key of {whole}, only of {', '.join(dict.fromkeys(owners))}"
    hint = f"python -m attnbench {command} --cfg job shows all"
    return f"{argument}: no such key in {command}; {nearest(key, list(known), hint)}"


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
