"""The jobs of a report: a condition on their factors, in a small part of Python's grammar. Nothing is evaluated as
code.

    score == 'dot' and heads in [1, 4] and not scope.window > 8
"""

import ast
import difflib
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from attnbench.errors import UserError
from attnbench.record import Factor, Record
from attnbench.report.study.naming import natural_key

SHOWN = 20  # values or names in a message
CONSTANTS = {"true": True, "false": False, "null": None}
COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda value, values: value in values,
    ast.NotIn: lambda value, values: value not in values,
}
GRAMMAR = "compare names with ==, !=, <, <=, >, >=, in [...], and join with and, or, not"


def matching(records: Sequence[Record], condition: str) -> list[bool]:
    """Whether each record fulfils a condition on its factors, `seed`, `sweep`, `status`, `command` and `device`.

    What a job lacks is unknown. A comparison with it does not hold, and neither does its opposite.

    Raises:
        UserError: the condition cannot be read, has an unknown name, or holds for no record.
    """
    values = [_values(record) for record in records]
    known: dict[str, set[Factor]] = {}
    for name, value in (item for each in values for item in each.items()):
        known.setdefault(name, set()).add(value)
    try:
        tree = _parse(condition)
        names = list(dict.fromkeys(_names(tree, known)))
        found = [_holds(tree, each) is True for each in values]
    except _RefusedError as refusal:
        raise UserError(f"where={condition}: {refusal}") from refusal
    except RecursionError as error:
        raise UserError(f"where={condition[:60]}…: too long") from error
    if records and not any(found):
        having = "; ".join(f"{name} is {_some(known[name])}" for name in names)
        raise UserError(f"where={condition}: holds for none of {len(records)} jobs; {having}")
    return found


class _RefusedError(ValueError):
    """What is wrong with a condition."""


def _values(record: Record) -> dict[str, Factor]:
    """The names that a condition can use, and their values. The device is the one that the job used."""
    own = {"seed": record.seed, "sweep": record.sweep, "status": record.status, "command": record.command}
    return {**record.factors, **own, "device": record.environment.device}


def _parse(condition: str) -> ast.expr:
    text = condition.strip()
    try:
        return ast.parse(text, mode="eval").body
    except SyntaxError as error:
        place = error.offset or len(text) + 1
        if text[place - 1 : place] == "=":
            raise _RefusedError(f"to compare, write == and not = (character {place})") from error
        raise _RefusedError(f"cannot be read from character {place} on ({error.msg}); {GRAMMAR}") from error
    except (ValueError, MemoryError) as error:
        raise _RefusedError(f"cannot be read ({error}); {GRAMMAR}") from error


def _names(tree: ast.expr, known: Mapping[str, set[Factor]]) -> Iterator[str]:
    """The names that a condition compares. Refuses everything outside the grammar."""
    match tree:
        case ast.BoolOp(values=parts):
            for part in parts:
                yield from _names(part, known)
        case ast.UnaryOp(op=ast.Not(), operand=part):
            yield from _names(part, known)
        case ast.Compare(left=left, ops=operators, comparators=others):
            for kind, side in zip([None, *operators], [left, *others], strict=True):
                yield from _side(side, known, is_list=isinstance(kind, ast.In | ast.NotIn))
            if unknown := [kind for kind in operators if type(kind) not in COMPARISONS]:
                raise _RefusedError(f"cannot compare by {type(unknown[0]).__name__}; {GRAMMAR}")
        case _:
            raise _RefusedError(f"{ast.unparse(tree)} is no comparison; {GRAMMAR}")


def _side(side: ast.expr, known: Mapping[str, set[Factor]], *, is_list: bool) -> Iterator[str]:
    """The name on one side of a comparison, if it is a name."""
    name = _name(side)
    if is_list != isinstance(side, ast.List | ast.Tuple | ast.Set):
        wanted = "of what may stand there: ['dot', 'additive']" if is_list else "only behind in"
        raise _RefusedError(f"{ast.unparse(side)}: a list {wanted}")
    if name is None:
        _constant(side)
    elif name in known:
        yield name
    elif name not in CONSTANTS:
        raise _RefusedError(_unknown(name, known))


def _unknown(name: str, known: Mapping[str, set[Factor]]) -> str:
    if any(name in values for values in known.values()):
        return f"{name} is a value and wants quotes: '{name}'"
    near = difflib.get_close_matches(name, known)
    return f"no job has {name}; " + (f"did you mean {' or '.join(near)}?" if near else f"there are {_some(known)}")


def _holds(tree: ast.expr, values: Mapping[str, Factor]) -> bool | None:
    """Whether a condition holds; None if that depends on something unknown."""
    match tree:
        case ast.BoolOp(op=joined, values=parts):
            found = [_holds(part, values) for part in parts]
            decisive = isinstance(joined, ast.Or)
            return decisive if decisive in found else None if None in found else not decisive
        case ast.UnaryOp(operand=part):
            found = _holds(part, values)
            return None if found is None else not found
        case ast.Compare(left=left, ops=operators, comparators=others):
            sides = [left, *others]
            if any(_name(side) not in (None, *CONSTANTS, *values) for side in sides):
                return None
            return all(
                map(_compare, operators, [_value(s, values) for s in sides], [_value(s, values) for s in others])
            )
    raise AssertionError(tree)


def _compare(kind: ast.cmpop, left: Any, right: Any) -> bool:
    try:
        return COMPARISONS[type(kind)](left, right)
    except TypeError as error:
        raise _RefusedError(f"{left!r} and {right!r} have no order") from error


def _name(side: ast.expr) -> str | None:
    """`decoder.context` as one name; None if it is not a name."""
    match side:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=of, attr=name) if (whole := _name(of)) is not None:
            return f"{whole}.{name}"
    return None


def _value(side: ast.expr, values: Mapping[str, Factor]) -> Any:
    name = _name(side)
    if name is None:
        return _constant(side)
    return values[name] if name in values else CONSTANTS[name]


def _constant(side: ast.expr) -> Any:
    """A string, a number, true, false or null, or a list of them."""
    match side:
        case ast.Constant(value=str() | int() | float() | None as value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return -value
        case ast.Name(id=name) if name in CONSTANTS:
            return CONSTANTS[name]
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
            return [_constant(part) for part in parts]
        case ast.Name(id=name):
            raise _RefusedError(f"{name} in a list wants quotes: '{name}'")
    raise _RefusedError(f"{ast.unparse(side)} is no name, no value and no list of values; {GRAMMAR}")


def _some(values: Iterable[object]) -> str:
    shown = sorted(map(str, values), key=natural_key)
    more = len(shown) - SHOWN
    return ", ".join(shown[:SHOWN]) + (f", and {more} more" if more > 0 else "")
