"""What a job's mechanism and its condition are called: from its factors, and from nothing else."""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import chain

from attnbench.record import Factor, Record

CONDITIONS = ("task", "device", "length")
AXES = (*CONDITIONS, "seed")
Factors = Mapping[str, Factor]
LONG = 5  # factors in a label, at which it would fill more of a figure than the figure's own data
USUAL = 0.75  # the share of a model's mechanisms that makes a value go without saying


def mechanism(record: Record) -> dict[str, Factor]:
    """The factors that make the mechanism."""
    return {name: value for name, value in record.factors.items() if name not in AXES}


def label(factors: Factors, names: Collection[str]) -> str:
    """The values of those factors that are in `names`: "additive · local_m · heads 4"."""
    return " · ".join(piece(name, value) for name, value in factors.items() if name in names)


def piece(name: str, value: Factor) -> str:
    """One factor in a label: a string stands for itself, any other value is introduced by its name."""
    return value if isinstance(value, str) else f"{name} {str(value).lower()}"


def conditions(records: Sequence[Record]) -> list[str]:
    """For each record, those of its task, device and length that vary among the records; "" where none does."""
    factors = [record.factors for record in records]
    names = _varying(factors, absence_counts=False) & set(CONDITIONS)
    return [label({name: each[name] for name in CONDITIONS if name in each}, names) for each in factors]


def said(records: Sequence[Record]) -> list[dict[str, Factor]]:
    """For each record, the factors its label names: those that vary, less what the main part of the study shares.

    With "no attention" beside a dozen kinds of Luong attention, `luong` would stand in every label but one and tell
    nothing, so it is left out as long as all mechanisms remain distinct. Where labels would be long even so, they leave
    out what is usual in the model at hand.
    """
    mechanisms = [mechanism(record) for record in records]
    varying = _varying(mechanisms, absence_counts=False)
    shared = _shared(mechanisms)
    telling = [{k: v for k, v in each.items() if k in varying and (k, v) not in shared} for each in mechanisms]
    plain = [{k: v for k, v in each.items() if k in varying} for each in mechanisms]
    long = max(map(len, telling)) > LONG
    for choice in (_unusual(mechanisms), telling, plain) if long else (telling, plain):
        if all(choice) and _distinct(choice) == _distinct(mechanisms):
            return choice
    varying = _varying(mechanisms, absence_counts=True)
    nameless = any(
        varying.isdisjoint(each) for each in mechanisms
    )  # as where there is but one: say all that has a name
    return [
        {k: v for k, v in each.items() if k in varying or (nameless and isinstance(v, str))} or each
        for each in mechanisms
    ]


def natural(text: str) -> list[tuple[int, str]]:
    """A sorting key that puts "heads 4" before "heads 16"."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", text)]


def _varying(factors: Sequence[Factors], *, absence_counts: bool) -> set[str]:
    absent = object()
    names = set(chain.from_iterable(factors))
    values = {name: {each.get(name, absent) for each in factors} for name in names}
    return {name for name in names if len(values[name] if absence_counts else values[name] - {absent}) > 1}


def _shared(mechanisms: Sequence[Factors]) -> set[tuple[str, Factor]]:
    """What all mechanisms with the most frequent set of factor names (in a tie, the longest) have in common."""
    distinct = {frozenset(each.items()) for each in mechanisms}
    shapes = Counter(frozenset(name for name, _ in each) for each in distinct)
    main = max(shapes, key=lambda shape: (shapes[shape], len(shape), sorted(shape)))
    return set(frozenset.intersection(*(each for each in distinct if {name for name, _ in each} == main)))


def _unusual(mechanisms: Sequence[dict[str, Factor]]) -> list[dict[str, Factor]]:
    """Each without the values, the model's name aside, that most of the mechanisms with the same model share."""
    varying = _varying(mechanisms, absence_counts=True)
    mechanisms = [{k: v for k, v in each.items() if k in varying} for each in mechanisms]
    models = {each.get("model") for each in mechanisms}
    families = {model: [each for each in mechanisms if each.get("model") == model] for model in models}
    usual: set[tuple[Factor, str, Factor]] = set()
    for model, family in families.items():
        distinct = [dict(each) for each in {frozenset(each.items()) for each in family}]
        having = Counter(name for each in distinct for name in each)
        holding = Counter(item for each in distinct for item in each.items())
        usual |= {
            (model, k, v) for (k, v), count in holding.items() if k != "model" and count >= USUAL * having[k] > USUAL
        }
    return [{k: v for k, v in each.items() if (each.get("model"), k, v) not in usual} for each in mechanisms]


def _distinct(factors: Sequence[Factors]) -> int:
    return len({frozenset(each.items()) for each in factors})
