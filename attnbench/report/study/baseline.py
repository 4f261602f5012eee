"""The mechanisms with which others are compared: one for each model."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from attnbench.errors import UserError
from attnbench.record import Factor, Record
from attnbench.record.names import factor_text
from attnbench.report.study.naming import PLAIN, mechanism, natural_key

SHOWN = 40  # words or names in a message

Factors = Mapping[str, Factor]


def choose_baselines(words: str | None, records: Sequence[Record], names: Sequence[str]) -> dict[str, str]:
    """By name of a mechanism with results to compare, the name of its baseline: a mechanism of the same model.

    Args:
        words: values of the baselines' factors joined by +, or the name of one in the report. None: the mechanisms that
            have attention; if none has, all. If several mechanisms of a model have the words, one with several seeds is
            taken, as only that can be compared. Of these it is the most usual one: soft and global, with the values
            that most mechanisms of the model share; in a tie, the one with the fewest overrides. A model without such a
            mechanism has the baseline of another model.
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
        return dict.fromkeys(factors, words)
    if words is None:
        found = [name for name, its in factors.items() if "score" in its] or list(factors)
    else:
        found = [name for name, its in factors.items() if wanted <= _words(its)]
    if words is not None and not found:
        raise UserError(_refusal(words, wanted, factors))
    seeds = {(name, each.seed) for name, each in zip(names, records, strict=True) if each.quality}
    several = {name for name, count in Counter(name for name, _ in seeds).items() if count > 1}

    def usual(name: str) -> tuple[bool, int, float, int]:
        plain = len(PLAIN & factors[name].items())
        return name in several, plain, _share(factors[name], factors.values()), -len(jobs[name].overrides)

    def of_model(model: Factor | None) -> str:
        own = [name for name in found if factors[name].get("model") == model]
        return max(sorted(own or found, key=natural_key), key=usual)

    chosen = {model: of_model(model) for model in {its.get("model") for its in factors.values()}}
    return {name: chosen[its.get("model")] for name, its in factors.items()}


def _share(mine: Factors, all_factors: Iterable[Factors]) -> float:
    """How many mechanisms of the same model have a value of this one, as a mean over its values."""
    same = [its for its in all_factors if its.get("model") == mine.get("model")]
    counts = Counter(item for its in same for item in its.items())
    return sum(counts[item] for item in mine.items()) / max(1, len(mine))


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
