"""Sentences that sum the results up. Each says no more than its intervals allow."""

from collections.abc import Iterator

import pandas as pd

from attnbench.report import pooling
from attnbench.report.document import fixed, significant
from attnbench.report.frames import by_condition, conditions, groups, medians
from attnbench.report.statistics import Estimate
from attnbench.report.study import Study
from attnbench.report.tables import interval_note, ranked

NAMED = 3  # mechanisms named in a list before it says "and n more"


def findings(study: Study) -> list[str]:
    """All that can be said, in the order of the report's sections."""
    sentences = [sentence for sentence in _quality(study) if sentence]
    if sentences:
        sentences.append(f"{interval_note(study)} They are not corrected for the number of comparisons.")
    sentences += _pooling(study)
    return [*sentences, *_growth(study), *_steps(study)]


def _quality(study: Study) -> Iterator[str]:
    for condition in conditions(study.jobs):
        places = [(name, group, bleu) for where, name, group, bleu in ranked(study) if where == condition]
        where = f"{condition}: " if condition else ""
        if len(places) > 1:
            yield where + _best(places)
        with_attention = [(name, bleu) for name, group, bleu in places if all(group["attention"])]
        without = [(name, bleu) for name, group, bleu in places if not any(group["attention"])]
        if with_attention and without:
            yield where + _gap(*with_attention[0], *without[0])


def _best(places: list[tuple[str, pd.DataFrame, Estimate]]) -> str:
    """The best against the rest; `places` is ranked."""
    (best, _, bleu), *others = places
    equals = [name for name, _, other in others if other.overlaps(bleu)]
    sentence = f"the highest BLEU of {len(places)} mechanisms is {_show(bleu)}, by {best}; "
    if not equals:
        return sentence + "its interval lies above all others."
    return sentence + f"not separable from it, as intervals overlap: {_some(equals)}."


def _gap(best: str, with_attention: Estimate, rest: str, without: Estimate) -> str:
    sentence = (
        f"the best with attention ({best}: {_show(with_attention)}) and the best without ({rest}: {_show(without)}) "
    )
    if with_attention.overlaps(without):
        return sentence + "are not separable: their intervals overlap."
    gap = with_attention.value - without.value
    return sentence + f"differ by {abs(gap):.1f} BLEU in favour of attention{'' if gap > 0 else ' left out'}."


def _pooling(study: Study) -> Iterator[str]:
    """Only where seeds give an interval: the points of one seed may favour any pooling."""
    for condition in conditions(study.regressions):
        places = [(name, error) for where, name, _, error in pooling.ranked(study) if where == condition]
        (best, lowest), *others = places
        if not others or not isinstance(lowest, Estimate):
            continue
        where = f"{condition}: " if condition else ""
        sentence = f"{where}the lowest test error of {len(places)} poolings is {_show(lowest, 3)}, by {best}; "
        equals = [name for name, error in others if isinstance(error, Estimate) and error.overlaps(lowest)]
        if equals:
            yield sentence + f"not separable from it, as intervals over seeds overlap: {_some(equals)}."
        else:
            yield sentence + "its interval over seeds lies below all others."


def _growth(study: Study) -> Iterator[str]:
    for device, here in groups(study.exponents, "device"):
        for quantity in ("time", "memory"):
            column = f"{quantity}_exponent"
            fits = [(name, values[column]) for name, values in medians(here, [column]).items()]
            start = f"The {quantity} of the attention alone on {device} grows with the length n as nᵃ"
            shown = [f"{exponent:.2f}" for _, exponent in fits]
            if shown and shown[0] == shown[-1]:
                yield f"{start}, with a = {shown[0]}."
            elif shown:
                yield f"{start}, with a from {shown[0]} ({fits[0][0]}) to {shown[-1]} ({fits[-1][0]})."


def _steps(study: Study) -> Iterator[str]:
    for condition, here in by_condition(study.steps):
        costs = list(medians(here, ["step_ms", "step_ms_q1", "step_ms_q3"]).items())
        where = f"{condition}: a" if condition else "A"
        (cheap, fast), (dear, slow) = costs[0], costs[-1]
        if len(costs) > 1 and fast["step_ms_q3"] < slow["step_ms_q1"]:
            low, high = f"{significant(fast['step_ms'])} ms ({cheap})", f"{significant(slow['step_ms'])} ms ({dear})"
            ratio = slow["step_ms"] / fast["step_ms"]
            yield f"{where} training step takes from {low} to {high}: {ratio:.1f} times as long."


def _show(estimate: Estimate, digits: int = 1) -> str:
    show = fixed(digits)
    return f"{show(estimate.value)} [{show(estimate.low)}, {show(estimate.high)}]"


def _some(names: list[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f", and {more} more" if more > 0 else "")
