"""The names of a job's mechanism and condition: from its factors, and from its sweep if the factors are the same."""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import chain

import msgspec

from attnbench.record import Factor, Record
from attnbench.record.names import CONDITIONS, NAMING, factor_text, is_condition

FAMILIES = ("contender", "model")  # factors that only one kind of job has: cost, or translation
Factors = Mapping[str, Factor]
PLAIN = {("selection", "soft"), ("scope", "global")}  # the usual attention, where mechanisms have other values too
LONG = 5  # factors in a label; longer ones would fill more of a figure than its data
NOT_CONVERGED = "†"  # at the end of the name of a mechanism
USUAL = 0.75  # if this share of a model's mechanisms has a value, labels leave it out


def mechanism(record: Record) -> dict[str, Factor]:
    """The factors that make the mechanism."""
    return {name: value for name, value in record.factors.items() if not is_condition(name)}


def label(factors: Factors, names: Collection[str]) -> str:
    """The values of those factors that are in `names`: "additive · local_m · heads 4"."""
    return " · ".join(factor_text(name, value) for name, value in factors.items() if name in names)


def conditions(records: Sequence[Record]) -> list[str]:
    """For each record, its task, device and length, as far as they vary among the records; "" if none varies.

    Its sweep comes first, if jobs of several sweeps have the same factors but differ in more than their seed.
    """
    factors = [_setting(record) for record in records]
    if _sweeps_tell(records):
        factors = [{"sweep": record.sweep, **each} for record, each in zip(records, factors, strict=True)]
    names = varying_names(factors, absence_counts=False)
    return [label(each, names) for each in factors]


def telling_factors(records: Sequence[Record]) -> list[dict[str, Factor]]:
    """For each record, the factors in its label: as many as are needed to separate the mechanisms of its kind.

    If a label could also mean a mechanism of another kind, the contenders of a cost session say that they are
    contenders.
    """
    mechanisms = [mechanism(record) for record in records]
    kinds = [next((name for name in FAMILIES if name in each), "") for each in mechanisms]
    found: dict[str, list[dict[str, Factor]]] = {}
    for kind in dict.fromkeys(kinds):
        found[kind] = _said([each for each, its in zip(mechanisms, kinds, strict=True) if its == kind])
    labels = {kind: {label(each, each) for each in named} for kind, named in found.items()}
    others = set().union(*(names for kind, names in labels.items() if kind != "contender"))
    in_turn = {kind: iter(named) for kind, named in found.items()}
    named = [next(in_turn[kind]) for kind in kinds]
    if others.isdisjoint(labels.get("contender", ())):
        return named
    return [
        {"contender": each["contender"], **its} if "contender" in each else its
        for each, its in zip(mechanisms, named, strict=True)
    ]


def marked(names: Sequence[str], records: Sequence[Record]) -> list[str]:
    """The names, with a mark at each mechanism that was trained for the report and did not always converge."""
    pairs = list(zip(names, records, strict=True))
    ended_early = {
        name for name, each in pairs if not each.trial and each.training is not None and not each.training.converged
    }
    return [f"{name} {NOT_CONVERGED}" if name in ended_early else name for name in names]


def natural_key(text: str) -> list[tuple[int, str]]:
    """A sorting key that puts "heads 4" before "heads 16"."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", text)]


def _said(mechanisms: Sequence[dict[str, Factor]]) -> list[dict[str, Factor]]:
    """For each mechanism, the factors that vary, without those that most mechanisms share.

    With "no attention" beside a dozen kinds of Luong attention, `luong` would be in every label but one. It is left out
    as long as all mechanisms stay distinct. With several models, or if labels would still be long, they leave out what
    is usual for the model.
    """
    varying = varying_names(mechanisms, absence_counts=False)
    shared = _shared(mechanisms)
    telling = [{k: v for k, v in each.items() if k in varying and (k, v) not in shared} for each in mechanisms]
    plain = [{k: v for k, v in each.items() if k in varying} for each in mechanisms]
    models = {each["model"] for each in mechanisms if "model" in each}
    by_model = len(models) > 1 or max(map(len, telling)) > LONG
    for choice in (_unusual(mechanisms), telling, plain) if by_model else (telling, plain):
        if all(choice) and _distinct(choice) == _distinct(mechanisms):
            return choice
    if _distinct(mechanisms) == 1:
        alone = {k: v for k, v in mechanisms[0].items() if k in NAMING and (k, v) not in PLAIN}
        return [alone or mechanisms[0]] * len(mechanisms)
    varying = varying_names(mechanisms, absence_counts=True)
    nameless = any(varying.isdisjoint(each) for each in mechanisms)
    return [
        {k: v for k, v in each.items() if k in varying or (nameless and isinstance(v, str))} or each
        for each in mechanisms
    ]


def _setting(record: Record) -> dict[str, Factor]:
    """The factors that make the condition, in the order of `CONDITIONS`."""
    own = [(name.partition(".")[0], name) for name in record.factors]
    return {name: record.factors[name] for part in CONDITIONS for group, name in own if group == part}


def _sweeps_tell(records: Sequence[Record]) -> bool:
    """Whether jobs with the same factors, but other configs (without the seed), belong to different sweeps."""
    if len({record.sweep for record in records}) < 2:
        return False
    found: dict[frozenset[tuple[str, Factor]], dict[bytes, set[str]]] = {}
    for record in records:
        config = msgspec.json.encode(record.config | {"seed": None}, order="sorted")
        by_config = found.setdefault(frozenset(record.factors.items()), {})
        by_config.setdefault(config, set()).add(record.sweep)
    return any(len(set(map(frozenset, by_config.values()))) > 1 for by_config in found.values())


def varying_names(factors: Sequence[Factors], *, absence_counts: bool) -> set[str]:
    """The names of the factors that have several values. With `absence_counts`, to have none is a value."""
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
    """Each mechanism without the values that most mechanisms of the same model share. The model's name stays."""
    varying = varying_names(mechanisms, absence_counts=True)
    mechanisms = [{k: v for k, v in each.items() if k in varying} for each in mechanisms]
    models = {each.get("model") for each in mechanisms}
    families = {model: [each for each in mechanisms if each.get("model") == model] for model in models}
    usual: set[tuple[Factor, str, Factor]] = set()
    for model, family in families.items():
        distinct = [dict(each) for each in {frozenset(each.items()) for each in family}]
        having = Counter(name for each in distinct for name in each)
        holding = Counter(item for each in distinct for item in each.items())
        alone = len(distinct) == 1  # then its model is name enough
        usual |= {
            (model, k, v)
            for (k, v), count in holding.items()
            if k != "model" and (alone or count >= USUAL * having[k] > USUAL)
        }
    return [{k: v for k, v in each.items() if (each.get("model"), k, v) not in usual} for each in mechanisms]


def _distinct(factors: Sequence[Factors]) -> int:
    return len({frozenset(each.items()) for each in factors})
