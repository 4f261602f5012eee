"""Checks whether the values of a config have the types that their constructors take."""

import json
import re
import sys
import types
import typing
from collections.abc import Sequence
from typing import Any, Literal

from hydra._internal.utils import _locate
from omegaconf import DictConfig, ListConfig, Node, OmegaConf

from attnbench.errors import UserError

PLAIN = {"seed": int, "force": bool, "progress": bool}  # keys that no constructor takes
LARGEST = 2**63 - 1  # the largest whole number that torch takes
VALUES = frozenset(("seed", "trial", "precision", "heads", "width"))  # the parts of a job that have no keys
SEED = "seed"  # the name of whole numbers that may be larger; see `attnbench.generator_seed`


def check_plain(cfg: DictConfig) -> None:
    """Checks the types of the plain keys of a job's config.

    Raises:
        UserError: names the key, the value and the right type.
    """
    for name, kind in PLAIN.items():
        if not _fits(cfg[name], kind):
            raise UserError(f"{name}={_shown(cfg[name])}: must be {_described(kind)}")


def check_part(cfg: DictConfig, name: str) -> None:
    """Checks the types of a part of a job, if it has keys.

    Raises:
        UserError: as `check_types`; or the part has a value where its keys should be.
    """
    part = cfg[name]
    if isinstance(part, DictConfig):
        check_types(part)
    elif name not in VALUES:
        raise UserError(f"{name}={_shown(part)}: has keys, and no value of its own; say {name}.KEY=...")


def check_types(node: DictConfig) -> None:
    """Compares each value below `node` with the annotation of its parameter.

    Raises:
        UserError: names the key, the value and the right type; or a target that cannot be imported.
    """
    try:
        target: Any = _locate(node._target_)  # Hydra's public function also prints what it raises
    except ImportError as error:
        raise UserError(f"{node._get_full_key('_target_')}={node._target_}: cannot be imported: {error}") from error
    hints = typing.get_type_hints(target.__init__ if isinstance(target, type) else target)
    for name in node:
        if OmegaConf.is_missing(node, name):
            continue
        value, hint = node[name], hints.get(str(name), Any)
        if isinstance(value, DictConfig) and "_target_" in value:
            check_types(value)
        elif not _fits(value, hint):
            raise UserError(f"{_key(node, str(name))}={_shown(value)}: must be {_described(hint)}")
        elif not _in_range(value) and str(name) != SEED:
            raise UserError(f"{_key(node, str(name))}={value}: must be a finite number, at most {LARGEST}")


def _key(node: DictConfig, name: str) -> str:
    """The key where a value is written: the key of its interpolation, or its own."""
    child = node._get_node(name)
    written = re.fullmatch(r"\$\{([\w.]+)\}", str(child._value())) if isinstance(child, Node) else None
    return written[1] if written else node._get_full_key(name)


def _in_range(value: Any) -> bool:
    """Whether the numbers of a value are none that torch cannot take: too large, infinite, or no number."""
    if isinstance(value, ListConfig):
        return all(map(_in_range, value))
    if type(value) is int:
        return abs(value) <= LARGEST
    return type(value) is not float or abs(value) <= sys.float_info.max


def _shown(value: Any) -> str:
    """A value as it is written in a config. Text that would be something else there has its quotes."""
    if isinstance(value, str):
        return f"'{value}'" if re.fullmatch(r"[-+]?[\d.]+(e[-+]?\d+)?|true|false|null", value, re.IGNORECASE) else value
    return json.dumps(value) if value is None or isinstance(value, bool) else str(value)


def _fits(value: Any, hint: Any) -> bool:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return any(_fits(value, one) for one in arguments)
    if origin is Literal:
        return True  # the constructor checks the choices
    if origin is Sequence:
        return isinstance(value, ListConfig) and all(_fits(item, arguments[0]) for item in value)
    if hint is float:
        return type(value) in (int, float)
    return type(value) is hint if hint in (int, bool, str, types.NoneType) else True


def _described(hint: Any) -> str:
    names = {int: "a whole number", float: "a number", bool: "true or false", str: "text", types.NoneType: "null"}
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return " or ".join(_described(one) for one in arguments)
    if origin is Sequence:
        return f"a list, each {_described(arguments[0])}"
    return names.get(hint, "something else")
