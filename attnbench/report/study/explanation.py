"""What the mechanisms of a report are: a plain name for each, and the formula and the source of its choices."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from attnbench.record import Factor
from attnbench.report.study.naming import PLAIN

PARTS = ("score", "scope", "selection", "key_value", "positions", "decoder")  # in the order in which they are told
AUTHOR_YEAR = re.compile(r"([A-Z][\w-]+)(?: et al\.| and [A-Z]\w+)? ((?:19|20)\d\d)")

Factors = Mapping[str, Factor]


class Explanation(NamedTuple):
    """What a choice of a config group is: its formula, or a sentence; and its source, or ""."""

    formula: str
    source: str


Explanations = Mapping[str, Explanation]  # by override, such as "score=additive"


class Part(NamedTuple):
    """One choice of a mechanism."""

    choice: str
    explanation: Explanation


def plain_name(factors: Factors, explanations: Explanations) -> str:
    """A mechanism in words: "additive (Bahdanau 2015), 4 heads; model rnn, decoder luong"."""
    if "score" not in factors:
        context = factors.get("decoder.context")
        words = [f"no attention, context {str(context).replace('_', ' ')}" if context else "no attention"]
    else:
        words = [_with_source(name, str(factors[name]), explanations) for name in PARTS[:3] if _is_told(name, factors)]
        heads = factors.get("heads")
        words += [f"{heads} head{'' if heads == 1 else 's'}"] if heads is not None else []
    where = [f"{name} {factors[name]}" for name in ("model", "decoder") if factors.get(name) not in (None, "none")]
    return "; ".join(filter(None, (", ".join(words), ", ".join(where))))


def parts(factors: Factors, everyone: Sequence[Factors], explanations: Explanations) -> Iterator[Part]:
    """The choices of a mechanism that need words: what it scores, and where it differs from others of its report."""
    for name in PARTS:
        # A model without attention has no choice to compare.
        varies = len({str(each[name]) for each in everyone if name in each and "score" in each}) > 1
        if name in factors and (name == "score" or (_is_told(name, factors) and (varies or name in PARTS[:3]))):
            choice = f"{name}={factors[name]}"
            if choice in explanations:
                yield Part(choice, explanations[choice])


def _is_told(name: str, factors: Factors) -> bool:
    return name in factors and (name, factors[name]) not in PLAIN


def _with_source(name: str, value: str, explanations: Explanations) -> str:
    explanation = explanations.get(f"{name}={value}")
    found = AUTHOR_YEAR.search(explanation.source) if explanation else None
    return f"{value} ({found[1]} {found[2]})" if found else value
