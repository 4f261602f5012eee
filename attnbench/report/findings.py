"""Sentences that sum up the results. Behind each one is a test or an interval, and it says no more than that allows."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from statistics import median

from attnbench.cost.exponent import asymptote
from attnbench.quality.sample_size import FEWEST_SENTENCES
from attnbench.report.analysis import LEVEL, Analysis, CostCurve, TestedComparison
from attnbench.report.document import fixed, interval, signed, significant
from attnbench.report.figures import kernel_regression
from attnbench.report.statistics import Estimate, Exponent, crossing, may_be_best
from attnbench.report.statistics.repetitions import differ
from attnbench.report.study.frames import by_condition, conditions, numbers
from attnbench.report.study.naming import NOT_CONVERGED
from attnbench.report.study.step_times import step_times
from attnbench.report.study.tuning import key_name, tuned_keys
from attnbench.report.tables.quality import some

LIKE = 8  # findings of one kind, such as one for each condition; the rest is counted
USEFUL = 2.0  # upper end / lower end of the interval of a prediction, at most: wider ones say nothing
TERMS = 3  # the factors that matter most
GROWING = {"ms": "the time", "peak_mib": "the peak memory"}  # by the name of a quantity


def findings(analysis: Analysis) -> list[str]:
    """All sentences, in the order of the report's sections."""
    quality = (_not_converged, _not_compared, _best, _second, _against_baseline, _beyond, _pooling)
    cost = (_efficiency_lengths, _steps, _growth, _prediction)
    kinds = [list(say(analysis)) for say in (*quality, _last_tried, *cost, _effects, _alignment)]
    return [sentence for kind in kinds for sentence in (*kind[:LIKE], *_left_out(kind))]


def _left_out(kind: list[str]) -> Iterator[str]:
    if len(kind) > LIKE:
        yield f"and {len(kind) - LIKE} more like this, for other conditions; the tables have all of them."


def _not_converged(analysis: Analysis) -> Iterator[str]:
    """The mechanisms whose training was cut off."""
    study = analysis.study
    trained = [
        (record.training.converged, name)
        for record, name in zip(study.records, study.mechanism, strict=True)
        if record.training
    ]
    early = list(dict.fromkeys(name for converged, name in trained if not converged))
    if early:
        count = sum(not converged for converged, _ in trained)
        yield (
            f"{count} of {len(trained)} trainings did not converge: they ended at a bound while the validation still "
            f"got better. Their mechanisms are marked {NOT_CONVERGED}, and their rank may change with a longer "
            f"training: {some(early)}."
        )


def _last_tried(analysis: Analysis) -> Iterator[str]:
    """The mechanisms that might do better beyond the range that was tuned over."""
    for key in tuned_keys(analysis.study.tunings):
        found = [
            each.mechanism + (f" at {each.condition}" if each.condition else "")
            for each in analysis.study.tunings
            if each.at_edge(key)
        ]
        if found:
            start = f"The best {key_name(key)} is the last that was tried, so that a better one may lie beyond it"
            yield f"{start}: {some(found)}."


def _not_compared(analysis: Analysis) -> Iterator[str]:
    """Why no mechanisms are compared."""
    if analysis.contests or all(len(mine) < 2 for mine in analysis.bleu.values()):
        return
    found = [estimate for mine in analysis.bleu.values() for estimate in mine.values()]
    qualities = [record.quality for record in analysis.study.records if record.quality]
    if max(quality.sentences for quality in qualities) < FEWEST_SENTENCES:
        yield (f"The test set is too small to compare mechanisms: this needs at least {FEWEST_SENTENCES} sentences.")
    elif all(estimate.seeds == 1 for estimate in found):
        yield (
            "With one seed, the report does not rank mechanisms: another training run may reverse any difference. "
            "seed=1,2,3 adds seeds."
        )
    elif not any(estimate.known for estimate in found if estimate.seeds > 1):
        yield (
            "The report does not rank mechanisms: each has the same BLEU for all of its seeds, so that the noise of "
            "training is not known."
        )


def _best(analysis: Analysis) -> Iterator[str]:
    """The highest BLEU, and the mechanisms that may be the best as well."""
    for condition, ranked in analysis.ranks.items():
        best, *others = may_be_best(ranked)
        start = f"{_at(condition)}the highest BLEU of {len(ranked)} mechanisms"
        yield f"{start} is {_shown(analysis.bleu[condition][best])}, by {best}; {_also_best(others)}."


def _second(analysis: Analysis) -> Iterator[str]:
    """What would decide between the two best mechanisms, if nothing does yet."""
    for condition, ranked in analysis.ranks.items():
        first, second, *_ = ranked
        one = next(one for one in analysis.pairs[condition] if {one.pair.ahead, one.pair.behind} == {first, second})
        pair = one.pair
        if one.significant or not pair.difference.value:
            continue
        more = f"about {pair.seeds:,} seeds of each" if pair.seeds else "no number of seeds, but a larger test set"
        yield (
            f"{_at(condition)}{first} is ahead of {second} by {interval(pair.difference, signed)} BLEU, which is not "
            f"significant; {more} would decide, if the difference is as large as it seems."
        )


def _against_baseline(analysis: Analysis) -> Iterator[str]:
    """How many mechanisms differ significantly from the baseline, and the largest differences."""
    baselines = analysis.study.baselines
    told = [
        (condition, _differences(baseline, {name: one for name, one in tested.items() if baselines[name] == baseline}))
        for condition, tested in analysis.comparisons.items()
        for baseline in dict.fromkeys(baselines[name] for name in tested)
    ]
    for sentence in dict.fromkeys(sentence for _, sentence in told):
        yield f"{_at(', '.join(condition for condition, same in told if same == sentence))}{sentence}."


def _differences(baseline: str, tested: Mapping[str, TestedComparison]) -> str:
    better = _sorted(one for one in tested.items() if one[1].significant and _gain(one) > 0)
    worse = _sorted(one for one in tested.items() if one[1].significant and _gain(one) < 0)
    counts = [_counted(len(better), "significantly better"), _counted(len(worse), "significantly worse")]
    total = f"{len(tested)} mechanisms" if len(tested) > 1 else "one mechanism"
    told = " and ".join(filter(None, counts)) or "none is significantly different"
    sentence = f"of {total} compared with {baseline}, {told} in BLEU (Holm-corrected p < {LEVEL})"
    if better:
        sentence += f"; the largest gain is {_difference(better[-1])}"
    if worse:
        sentence += f"; the largest loss is {_difference(worse[0])}"
    return sentence


def _beyond(analysis: Analysis) -> Iterator[str]:
    """The mechanisms that keep their BLEU on sentences longer than the training sentences."""
    for condition, far in analysis.beyond.items():
        near = analysis.bleu[condition]
        fallen = [name for name, estimate in far.items() if estimate.high < near[name].low]
        how_many = "all" if len(fallen) == len(far) else f"{len(fallen)} of {len(far)}"
        sentence = (
            f"{_at(condition)}on sentences longer than every training sentence, BLEU falls for {how_many} mechanisms "
            "by more than the intervals allow"
        )
        if ranked := analysis.ranks_beyond.get(condition):
            best, *others = may_be_best(ranked)
            sentence += f"; the highest there is {_shown(far[best])}, by {best}; {_also_best(others)}"
        yield f"{sentence}."


def _pooling(analysis: Analysis) -> Iterator[str]:
    """The lowest test error of those with an interval over seeds. The points of one seed may favour any pooling."""
    study = analysis.study
    for condition in conditions(study.regressions):
        ranked = [(name, error) for where, name, _, error in kernel_regression.ranked(study) if where == condition]
        known = [(name, error) for name, error in ranked if isinstance(error, Estimate) and error.known]
        if len(known) < 2:
            continue
        (best, lowest), *others = known
        among = f"{len(known)} poolings" if len(known) == len(ranked) else f"{len(known)} poolings with an interval"
        sentence = f"{_at(condition)}the lowest test error of {among} is {_shown(lowest, 3)}, by {best}; "
        equals = [name for name, error in others if error.overlaps(lowest)]
        if equals:
            yield sentence + f"not separable from it, because the intervals over seeds overlap: {some(equals)}."
        else:
            yield sentence + "its interval over seeds is below all others."


def _steps(analysis: Analysis) -> Iterator[str]:
    for condition, here in by_condition(analysis.study.steps):
        times = step_times(here)
        if differ([*times.values()], int(min(numbers(here, "repetitions")))):
            (cheap, fast), *_, (dear, slow) = times.items()
            low, high = f"{significant(fast.value)} ms ({cheap})", f"{significant(slow.value)} ms ({dear})"
            yield (
                f"{_at(condition)}a training step takes from {low} to {high}, {slow.value / fast.value:.1f} times as "
                f"long; this is more than repetitions of one step differ by (p < {LEVEL})."
            )


def _growth(analysis: Analysis) -> Iterator[str]:
    """The slowest and the fastest growth that was reached, by the nearer ends of their intervals, if these are apart
    and of comparable lengths. If both have the same asymptote, they differ at these lengths only, and nothing is said.
    """
    for (device, quantity), curves in analysis.curves.items():
        known = {name: one.exponent for name, one in curves.items() if one.exponent}
        if quantity == "forward_ms" or not known:
            continue
        start = f"{GROWING[quantity]} of the attention alone, forward and backward, on {device} grows"
        slow, least = min(known.items(), key=lambda each: each[1].value + each[1].margin)
        fast, most = max(known.items(), key=lambda each: each[1].value - each[1].margin)
        asymptotes = [asymptote(curves[name].work) for name in (slow, fast)]
        if len(curves) == 1:
            yield f"{start} as {_power(least)}."
        elif asymptotes[0] and asymptotes[0] == asymptotes[1]:
            continue
        elif least.value + least.margin < most.value - most.margin and least.comparable(most):
            among = f"of the {len(known)} of {len(curves)} mechanisms whose exponent is reached"
            yield (
                f"{start} least for {slow}, as {_power(least)}, and most for {fast}, as {_power(most)}, {among}; the "
                "intervals do not overlap."
            )


def _efficiency_lengths(analysis: Analysis) -> Iterator[str]:
    """Where the mechanism that is fastest at the longest length overtakes the one that is fastest at the shortest
    length: its efficiency length, Zhang et al. 2023 (CAB).
    """
    for (device, quantity), curves in analysis.curves.items():
        if quantity != "ms" or len(curves) < 2:
            continue
        cheap, late = (_cheapest(curves, pick) for pick in (min, max))
        first, second = curves[late].growth, curves[cheap].growth
        met = crossing(first, second) if late != cheap and first and second else None
        if met and met.inside and met.first_ahead and met.length.low > 0 and met.length.high < float("inf"):
            yield (
                f"The efficiency length of {late} on {device} is n = {_shown(met.length, 0)}: from there on, its "
                f"attention alone is faster than that of {cheap}, the fastest at the shortest length (forward and "
                "backward)."
            )


def _prediction(analysis: Analysis) -> Iterator[str]:
    for (device, quantity), curves in analysis.curves.items():
        checks = [one.held_out for one in curves.values() if one.held_out] if quantity == "ms" else []
        if checks:
            covered = sum(check.covered for check in checks)
            error = median(abs(check.error) for check in checks)
            factor = median(check.predicted.high / check.predicted.low for check in checks)
            if factor > USEFUL:
                continue
            yield (
                f"On {device}, the prediction from the shorter lengths (95 % interval) covers the time at the longest "
                f"length for {covered} of {len(checks)} mechanisms; the median error is {100 * error:.0f} %, and the "
                f"upper end of the interval is {significant(factor)} times its lower end (median)."
            )


def _effects(analysis: Analysis) -> Iterator[str]:
    for response in analysis.responses:
        largest = [term for term in response.effects.terms if term.adjusted_p is not None and term.adjusted_p < LEVEL]
        largest = sorted(largest, key=lambda term: -term.share)[:TERMS]
        if largest:
            shares = ", ".join(f"{term.name} {100 * term.share:.0f} %" for term in largest)
            what = f"the {response.title.partition(' (')[0]}" if response.logarithmic else response.title
            yield f"The factors with the largest shares of the variance of {what}: {shares} (each p < {LEVEL}, Holm)."


def _alignment(analysis: Analysis) -> Iterator[str]:
    for condition, ranked in analysis.ranks_aer.items():
        best, *others = may_be_best(ranked)
        start = f"{_at(condition)}the lowest alignment error rate of {len(ranked)} mechanisms"
        yield f"{start} is {_shown(analysis.aer[condition][best], 2)}, by {best}; {_also_best(others)}."


def _also_best(others: list[str]) -> str:
    """Who else may be the best, if all pairs are compared at once."""
    return f"not significantly worse: {some(others)}" if others else "all others are significantly worse"


def _cheapest(curves: dict[str, CostCurve], pick: Callable[[Iterable[int]], int]) -> str:
    """The fastest mechanism at the shortest (`min`) or longest (`max`) length at which any was measured."""
    length = pick(n for one in curves.values() for n in one.values)
    there = {name: one.values[length] for name, one in curves.items() if length in one.values}
    return min(there, key=there.__getitem__)


def _power(one: Exponent) -> str:
    low, high = one.value - one.margin, one.value + one.margin
    return f"nᵉ with e = {one.value:.2f} [{low:.2f}, {high:.2f}] for n = {one.shortest:,} to {one.longest:,}"


def _at(condition: str) -> str:
    return f"{condition}: " if condition else ""


def _sorted(tested: Iterable[tuple[str, TestedComparison]]) -> list[tuple[str, TestedComparison]]:
    return sorted(tested, key=_gain)


def _gain(tested: tuple[str, TestedComparison]) -> float:
    return tested[1].comparison.difference.value


def _counted(count: int, what: str) -> str:
    return f"{count} {'is' if count == 1 else 'are'} {what}" if count else ""


def _difference(tested: tuple[str, TestedComparison]) -> str:
    return f"{interval(tested[1].comparison.difference, signed)} ({tested[0]})"


def _shown(estimate: Estimate, digits: int = 1) -> str:
    return interval(estimate, fixed(digits))
