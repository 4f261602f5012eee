"""From the words of a command line to a command, Hydra's options and overrides."""

import os
import re
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, NoReturn
from unittest.mock import patch

from hydra._internal.utils import get_args_parser
from omegaconf import OmegaConf

from attnbench.cli import help as usage
from attnbench.cli.hydra_errors import nearest
from attnbench.cli.keys import keys
from attnbench.cli.paths import CONF
from attnbench.errors import UserError

SHOW = "show"  # the command that takes a sentence without a key
DEFAULT = "train"  # the command of a line that names none
# Commands whose values are paths or texts, which may hold characters of Hydra's grammar.
TEXTS = ("report", "translate", "dashboard", SHOW)
ACTIONS = ("run", "multirun", "cfg", "info", "shell_completion")  # options of which one can be given
GRAMMAR = re.compile(r"""['"\[\](){},$=]""")  # what has a meaning in a value
HOME = re.compile(r"(?<![^=,\[])~(?=[/,\]]|$)")  # the sign of the home folder, at the start of a value


class CommandLine(NamedTuple):
    """A command line as Hydra takes it; the overrides are among the options."""

    command: str
    options: Namespace
    parser: ArgumentParser


def read(arguments: Sequence[str]) -> CommandLine:
    """Reads a command line. Options, the command and overrides may stand in any order.

    Raises:
        UserError: an option or a command that does not exist, or options that do not go together.
    """
    for argument in arguments:
        if argument.startswith("-") and argument.strip("-").partition("=")[0] in keys(DEFAULT):
            raise UserError(f"{argument}: a key has no dashes; say {argument.strip('-')}")
    parser = options_parser()
    options = parser.parse_intermixed_args(arguments)
    _check(options)
    command, options.overrides = _command(options.overrides)
    options.overrides = [_literal(override, command in TEXTS) for override in options.overrides]
    if options.shell_completion:
        command = _complete(options.overrides)
    elif not any(getattr(options, name) for name in ACTIONS) and _is_sweep(command, options.overrides):
        # Hydra would find this out itself, but it takes a config that cannot be composed for one of a single job.
        options.multirun = True
    return CommandLine(command, options, parser)


def options_parser() -> ArgumentParser:
    """Hydra's parser.

    Since Python 3.14, argparse checks the text of each option's help. One of Hydra's is an object that makes its text
    later, and fails the check.
    """
    with patch.object(ArgumentParser, "_check_help", lambda parser, action: None, create=True):
        parser = get_args_parser()
    parser.error = _refuse
    return parser


def _refuse(message: str) -> NoReturn:
    raise UserError(f"{message}; see python -m attnbench --help")


def _check(options: Namespace) -> None:
    """Refuses options that do not go together, or that attnbench does not have."""
    given = [f"--{name.replace('_', '-')}" for name in ACTIONS if getattr(options, name)]
    if options.cfg and options.multirun:
        _refuse("--cfg shows the config of one job; leave out -m")
    if len(given) > 1:
        _refuse(f"{' and '.join(given)}: give one of them")
    if options.package and not options.cfg:
        _refuse(f"--package={options.package}: is a part of the config that --cfg shows; add --cfg job")
    if options.resolve and options.cfg not in ("job", "all"):
        _refuse("--resolve: goes with --cfg job, or --cfg all")
    for name in ("config_name", "config_path"):
        if (value := getattr(options, name)) is not None:
            advice = "for a config of your own, give the folder of experiment/NAME.yaml: --config-dir FOLDER"
            _refuse(f"--{name.replace('_', '-')}={value}: the command names the config; {advice} experiment=NAME")
    if options.experimental_rerun is not None:
        _refuse("--experimental-rerun: not supported; the overrides in a job's record run it again")
    if options.config_dir is not None:
        options.config_dir = _from_home(options.config_dir)
        if not Path(options.config_dir).is_dir():
            _refuse(f"--config-dir={options.config_dir}: no such folder")


def _command(words: Sequence[str]) -> tuple[str, list[str]]:
    """The command among `words`, or the default, and the overrides."""
    named = [word for word in words if "=" not in word and not word.startswith(("~", "+"))]
    if not named:
        return DEFAULT, list(words)
    if named[0] == SHOW:
        # What is no override is the sentence.
        sentence = [f"sentence={' '.join(named[1:])}"] if named[1:] else []
        return SHOW, [word for word in words if word not in named] + sentence
    command, known = named[0], list(usage.commands())
    if command not in known:
        if command.rstrip(":") in keys(DEFAULT):
            raise UserError(f"{command}: no such command, but a key; say {command.rstrip(':')}=...")
        raise UserError(f"{command}: no such command; {nearest(command, known)}")
    if further := named[1:]:
        raise UserError(f"{further[0]}: a second command after {command}; give one")
    return command, [word for word in words if word != command]


def _literal(override: str, is_text: bool) -> str:
    """The override, quoted where Hydra could not read its value: a path, or letters outside of ASCII."""
    key, _, value = override.partition("=")
    if not value:
        return override
    value = _from_home(value)
    if is_text and value[:1] + value[-1:] == "[]" and not set(value) & set("'\""):
        return f"{key}=[{','.join(_quoted(each.strip()) for each in value[1:-1].split(','))}]"
    readable = value.isascii() or GRAMMAR.search(value)
    return f"{key}={_quoted(value) if is_text or not readable else value}"


def _from_home(value: str) -> str:
    home = os.path.expanduser("~")  # noqa: PTH111 as it is where no home is known
    return HOME.sub(lambda sign: home, value)


def _quoted(value: str) -> str:
    """A value that Hydra takes literally."""
    quoted = re.fullmatch(r"""'[^']*'|"[^"]*"|\[.*\]""", value)
    if quoted or re.fullmatch(r"[\w./+*?@%-]*", value, re.ASCII):
        return value
    escaped = value.replace("'", "\\'")
    return f"'{escaped}'"


def _is_sweep(command: str, overrides: Sequence[str]) -> bool:
    """Whether the command is one that sweeps, and is not told otherwise."""
    mode = OmegaConf.select(OmegaConf.load(CONF / f"{command}.yaml"), "hydra.mode")
    return mode == "MULTIRUN" and not any(override.startswith("hydra.mode=") for override in overrides)


def _complete(overrides: Sequence[str]) -> str:
    """Prepares the completion of a line that a shell gives. Returns the command on that line, and takes it off."""
    if not any(override.startswith(("install=", "uninstall=", "query=")) for override in overrides):
        _refuse("--shell-completion: say install=bash, and have the shell run what is printed")
    first, *words = os.environ.setdefault("COMP_LINE", "").split(" ")
    command = next((word for word in words[:-1] if word in usage.commands()), DEFAULT)
    os.environ["COMP_LINE"] = " ".join([first, *(word for word in words if word != command)])
    return command
