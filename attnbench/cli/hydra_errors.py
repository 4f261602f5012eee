"""Hydra's errors in one line, with what was probably meant."""

import difflib
import re
from collections.abc import Sequence
from pathlib import Path

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import MissingConfigException, OverrideParseException
from omegaconf.errors import InterpolationResolutionError, MissingMandatoryValue

from attnbench.cli.help import choices
from attnbench.cli.keys import keys
from attnbench.errors import UserError

# The packages of Hydra's plugins. Each brings choices of a group of Hydra.
PACKAGES = {
    "hydra/launcher=joblib": "hydra-joblib-launcher",
    "hydra/launcher=rq": "hydra-rq-launcher",
    "hydra/sweeper=ax": "hydra-ax-sweeper",
    "hydra/sweeper=nevergrad": "hydra-nevergrad-sweeper",
    "hydra/sweeper=optuna": "hydra-optuna-sweeper",
    "hydra/job_logging=colorlog": "hydra-colorlog",
    "hydra/hydra_logging=colorlog": "hydra-colorlog",
}
SEVERAL = "several values make a sweep; say python -m attnbench sweep, or -m"


def nearest(word: str, known: Sequence[str], otherwise: str = "") -> str:
    """The end of a message about an unknown word: similar known words, or else `otherwise`, or else all known words."""
    if near := difflib.get_close_matches(word, known, n=3) or difflib.get_close_matches(word.lower(), known, n=3):
        return f"did you mean {' or '.join(near)}?"
    return otherwise or f"there are {', '.join(known)}"


def refuse(command: str, overrides: list[str]) -> None:
    """Refuses overrides that Hydra would accept without effect, or that would make it fail.

    Raises:
        UserError: a key that `+` would add though nothing reads it, or a group without a choice.
    """
    for argument, override in zip(overrides, OverridesParser.create().parse_overrides(overrides), strict=True):
        key = override.key_or_group
        if not key:
            raise UserError(_unreadable(argument))
        if key.startswith("hydra"):
            continue
        if override.is_add() or override.is_force_add():
            _refuse_to_add(command, argument, override)
        elif not override.is_delete():
            _refuse_choice(argument, override)


def _refuse_to_add(command: str, argument: str, override: Override) -> None:
    key = override.key_or_group
    if key not in keys(command):
        raise UserError(_unknown(command, key, argument))
    if override.is_add() or choices(key):
        raise UserError(f"{argument}: {key} needs no +; say {argument.lstrip('+')}")


def _refuse_choice(argument: str, override: Override) -> None:
    key, value = override.key_or_group, override._value
    if (offered := choices(key)) and (value is None or str(value).endswith(".yaml") or ".." in str(value)):
        raise UserError(f"{argument}: must be a choice of {key}; there are {', '.join(offered)}")


def explain(error: Exception, command: str, overrides: Sequence[str]) -> str:
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
        return _no_choice(str(error.missing_cfg_file), error.options or [], overrides)
    if isinstance(error, MissingMandatoryValue):
        return f"{error.full_key}: missing; say {error.full_key}=..."
    if isinstance(error, InterpolationResolutionError):
        return _unresolved(error, command, overrides)
    if several := re.match("Ambiguous value for argument '(.*?)' 1[.]|Sweep parameters '(.*?)' requires", text):
        return f"{several[1] or several[2]}: {SEVERAL}"
    if unknown := re.match("Could not (?:override|delete from config[.]) '(.*?)'", text):
        return _unknown(command, unknown[1], _given(unknown[1], overrides))
    if merged := re.match("Error merging override (.*)", text):
        return f"{merged[1]}: {' '.join(str(error.__cause__).partition('full_key')[0].split())}"
    return text


def _given(key: str, overrides: Sequence[str]) -> str:
    """The override of a key, as it was given."""
    return next((argument for argument in overrides if argument.lstrip("+~").partition("=")[0] == key), key)


def _no_choice(missing: str, offered: Sequence[str], overrides: Sequence[str]) -> str:
    """The message about a file that is not there: `score/dott`."""
    group, _, choice = missing.rpartition("/")
    for argument in overrides:  # a choice may have a slash itself
        key, _, value = argument.partition("=")
        if f"{key}/{value}" == missing:
            group, choice = key, value
    if package := PACKAGES.get(f"{group}={choice}"):
        return f"{group}={choice}: its package is not installed; say pip install 'hydra-core<1.4' {package}"
    return f"{group}={choice}: no such choice; {nearest(choice, offered or choices(group))}"


def _unresolved(error: InterpolationResolutionError, command: str, overrides: Sequence[str]) -> str:
    """The message about a value that refers to something that is not there."""
    text = " ".join(str(error).split())
    name, reason = str(error.full_key), text.partition(" full_key:")[0]
    if key := re.match("Interpolation key '(.*?)' not found", text):
        name, near = key[1], nearest(key[1], list(keys(command)), _shows(command))
        if (deletion := _given(name, overrides)).startswith("~"):
            return f"{deletion}: {error.full_key} needs it; leave {deletion} out"
        reason = f"there is no key {name}; {near}"
    elif variable := re.search(r"Environment variable '(\w+)' not found", text):
        name, reason = variable[1], f"the environment variable {variable[1]} is not set"
    elif resolver := re.match(r"Unsupported interpolation type (\S+)", text):
        name, reason = resolver[1], f"there is no resolver {resolver[1]}; Hydra has oc.env, oc.select and others"
    blamed = (argument for argument in overrides if "${" in argument and name in argument)
    return f"{next(blamed, error.full_key)}: {reason}"


def _unreadable(argument: str) -> str:
    if set(argument) & set("“”‘’„"):
        return f"{argument}: has typographic quotes; the straight ones are ' and \""
    return f"{argument}: cannot be read as key=value; quote a value that has spaces, commas or brackets: 'key=\"a, b\"'"


def _unknown(command: str, key: str, argument: str) -> str:
    known = keys(command)
    if (placed := f"{key.rpartition('.')[2]}@{key}") in known:
        return f"{argument}: a choice for one place; say {placed}={argument.partition('=')[2]}"
    if owners := known.get(key):
        whole = f"the chosen {key.rpartition('.')[0]}" if "." in key and "@" not in key else "this job"
        return f"{argument}: not a key of {whole}, only of {', '.join(dict.fromkeys(owners))}"
    return f"{argument}: no such key in {command}; {nearest(key, list(known), _shows(command))}"


def _shows(command: str) -> str:
    return f"python -m attnbench {command} --cfg job shows all"


def unusable(error: OSError, folder: str = "") -> str:
    """The message about a file or a folder that cannot be used.

    Args:
        error: of the system.
        folder: where it happened, if the error does not say.
    """
    if isinstance(error, FileNotFoundError) and not error.filename:
        return "the current folder is not there any more; change to another"
    place = Path(error.filename2 or error.filename or folder)
    if isinstance(error, FileExistsError | NotADirectoryError):
        file = next((each for each in (place, *place.parents) if each.is_file()), place)
        return f"{file}: there is a file where a folder must be; rename the file"
    reason = error.strerror or str(error)
    return f"{place}: {reason}" if place != Path() else reason
