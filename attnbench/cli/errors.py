"""Hydra's errors in one line, with what was probably meant."""

import difflib
import re

from hydra import compose, initialize_config_dir
from hydra.errors import MissingConfigException, OverrideParseException
from omegaconf import DictConfig, OmegaConf

from attnbench.cli.help import groups
from attnbench.cli.paths import CONF


def nearest(word: str, known: list[str]) -> str:
    """The end of a message about an unknown word: the near matches, or all there is."""
    near = difflib.get_close_matches(word, known, n=3, cutoff=0.5)
    return f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(known)}"


def explain(error: Exception, command: str, arguments: list[str]) -> str:
    """What a user reads instead of Hydra's error.

    Args:
        error: raised by Hydra while it composed the config.
        command: the root config.
        arguments: the overrides that were given.
    """
    if isinstance(error, OverrideParseException):
        return f"{error.override}: cannot be read as key=value; quote what has spaces or commas: 'key=\"a, b\"'"
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        group, _, choice = str(error.missing_cfg_file).rpartition("/")
        return f"{group}={choice}: no such choice; {nearest(choice, list(error.options or groups().get(group, [])))}"
    for argument in arguments:
        key, _, value = argument.partition("=")
        if key.lstrip("+~") and key.lstrip("+~") in str(error) and not argument.startswith("+"):
            return f"{key}={value}: no such key in {command}; {nearest(key, _keys(command))}"
    return " ".join(str(error).split())


def _keys(command: str) -> list[str]:
    """Every key that a command's config has, groups included."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose(command)
    found = list(groups())

    def walk(node: DictConfig, prefix: str) -> None:
        for name in node:
            key = f"{prefix}{name}"
            found.append(key)
            child = node._get_node(name)
            if isinstance(child, DictConfig) and not child._is_none() and not child._is_interpolation():
                walk(child, f"{key}.")

    walk(config, "")
    return sorted({key for key in found if not key.endswith(("_target_", "_partial_"))})
