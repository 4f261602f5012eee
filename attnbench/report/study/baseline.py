"""The mechanism with which all others are compared."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from attnbench.errors import UserError
from attnbench.record import Factor, Record
from attnbench.report.study.naming import factor_text, mechanism, natural_key

SHOWN = 40  # words or names in a message

Factors = Mapping[str, Factor]


def choose_baseline(words: str | None, records: Sequence[Record], names: Sequence[str]) -> str | None:
    """The name of the baseline, among the mechanisms with results to compare; None if there are none.

    Args:
        words: values of its factors joined by +, or its name in the report. If several mechanisms have the words, one
            with several seeds is taken, as only that can be compared. Of these it is the most usual one: the one whose
            values most mechanisms share; in a tie, the one with the fewest overrides. None: the same among all
            mechanisms that have attention; if none has, among all.
        records: of the jobs.
        names: the mechanism of each record.

    Raises:
        UserError: no mechanism has the words.
    """
    jobs = {name: each for name, each in zip(names, records, strict=True) if each.quality}
    jobs = jobs or {name: each for name, each in zip(names, records, strict=True) if each.regression}
    factors = {name: mechanism(each) for name, each in jobs.items()}
    wanted = {word.strip() for word in re.split(r"[+·]", words)} if words is not None else set()
    if words in factors:
        return words
    if words is None:
        found = [name for name, its in factors.items() if "score" in its] or list(factors)
    else:
        found = [name for name, its in factors.items() if wanted <= _words(its)]
    if words is not None and not found:
        raise UserError(_refusal(words, wanted, factors))
    seeds = {(name, each.seed) for name, each in zip(names, records, strict=True) if each.quality}
    several = {name for name, count in Counter(name for name, _ in seeds).items() if count > 1}
    counts = Counter(item for its in factors.values() for item in its.items())

    def usual(name: str) -> tuple[bool, float, int]:
        items = factors[name].items()
        return name in several, sum(counts[item] for item in items) / max(1, len(items)), -len(jobs[name].overrides)

    return max(sorted(found, key=natural_key), key=usual, default=None)


def _words(factors: Factors) -> set[str]:
    """The words of a mechanism: its values, alone or as in labels and overrides."""
    texts = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in factors.items()}
    return {
        *texts.values(),
        *(f"{name}={text}" for name, text in texts.items()),
        *map(factor_text, factors, factors.values()),
    }


def _refusal(words: str, wanted: set[str], factors: Mapping[str, Factors]) -> str:
    known = set().union(*map(_words, factors.values()))
    if not factors:
        return f"baseline={words}: there are no results to compare; leave it out"
    if unknown := sorted(wanted - known):
        values = {factor_text(name, value) for its in factors.values() for name, value in its.items()}
        return f"baseline={words}: no mechanism has {' or '.join(unknown)}; the words are {_some(values)}"
    return f"baseline={words}: no mechanism has all of these; there are {_some(factors)}"


def _some(texts: set[str] | Mapping[str, Factors]) -> str:
    shown = sorted(texts, key=natural_key)
    more = len(shown) - SHOWN
    return ", ".join(shown[:SHOWN]) + (f", and {more} more" if more > 0 else "")
