"""Checks whether the values of a config have the types that their constructors take."""

import re
import types
import typing
from collections.abc import Sequence
from typing import Any, Literal

from hydra._internal.utils import _locate
from omegaconf import DictConfig, ListConfig, Node, OmegaConf

from attnbench.errors import UserError

PLAIN = {"seed": int, "force": bool, "progress": bool}  # keys that no constructor takes


def check_plain(cfg: DictConfig) -> None:
    """Checks the types of the plain keys of a job's config.

    Raises:
        UserError: names the key, the value and the right type.
    """
    for name, kind in PLAIN.items():
        if not _fits(cfg[name], kind):
            raise UserError(f"{name}={cfg[name]}: must be {_described(kind)}")


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
            raise UserError(f"{_key(node, str(name))}={value}: must be {_described(hint)}")


def _key(node: DictConfig, name: str) -> str:
    """The key where a value is written: the key of its interpolation, or its own."""
    child = node._get_node(name)
    written = re.fullmatch(r"\$\{([\w.]+)\}", str(child._value())) if isinstance(child, Node) else None
    return written[1] if written else node._get_full_key(name)


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
