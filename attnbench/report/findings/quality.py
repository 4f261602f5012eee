"""Findings on quality. Behind each sentence is a test or an interval, and it says no more than that allows."""

from collections.abc import Iterable, Iterator, Mapping

from attnbench.quality.sample_size import FEWEST_SENTENCES
from attnbench.report.analysis import LEVEL, STALLED, Analysis, TestedComparison
from attnbench.report.document import interval, signed
from attnbench.report.figures import kernel_regression
from attnbench.report.findings.sentences import also_best, merged, shown
from attnbench.report.statistics import Estimate, may_be_best
from attnbench.report.study.frames import conditions
from attnbench.report.study.naming import NOT_CONVERGED
from attnbench.report.study.tuning import key_name, tuned_keys
from attnbench.report.tables.quality import some

TERMS = 3  # the factors that matter most


def not_converged(analysis: Analysis) -> Iterator[str]:
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


def not_taken_off(analysis: Analysis) -> Iterator[str]:
    """The mechanisms that learned nothing: this tells of their training, and not of what they can do."""
    clauses = [(condition, some(names)) for condition, names in analysis.stalled.items() if names]
    yield from merged(f"Trainings that did not take off, with less than {STALLED} of the highest BLEU", clauses)


def last_tried(analysis: Analysis) -> Iterator[str]:
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


def not_compared(analysis: Analysis) -> Iterator[str]:
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


def best(analysis: Analysis) -> Iterator[str]:
    """The highest BLEU, and the mechanisms that may be the best as well."""
    clauses = []
    for condition, ranked in analysis.ranks.items():
        first, *others = may_be_best(ranked)
        value = shown(analysis.bleu[condition][first])
        clauses.append((condition, f"{value} by {first}, of {len(ranked)} mechanisms {also_best(others)}"))
    yield from merged("The highest BLEU", clauses)


def second(analysis: Analysis) -> Iterator[str]:
    """What would decide between the two best mechanisms, if nothing does yet."""
    clauses = []
    for condition, ranked in analysis.ranks.items():
        first, following, *_ = ranked
        tested = analysis.pairs[condition]
        one = next(one for one in tested if {one.pair.ahead, one.pair.behind} == {first, following})
        if not one.significant and one.pair.difference.value:
            seeds = one.pair.seeds
            more = f"about {seeds:,} seeds of each" if seeds else "no number of seeds, but a larger test set"
            difference = interval(one.pair.difference, signed)
            clauses.append((condition, f"{first} is ahead of {following} by {difference} BLEU ({more} would decide)"))
    yield from merged("The order of the two best is not decided", clauses)


def against_baseline(analysis: Analysis) -> Iterator[str]:
    """How many mechanisms differ significantly from their baseline, and the largest differences."""
    baselines = analysis.study.baselines
    told: dict[str, list[str]] = {}
    for condition, tested in analysis.comparisons.items():
        for baseline in dict.fromkeys(baselines[name] for name in tested):
            stalled = analysis.stalled[condition]
            mine = {name: one for name, one in tested.items() if baselines[name] == baseline and name not in stalled}
            if not mine:
                continue
            told.setdefault(_differences(baseline, mine), []).append(condition)
    clauses = [(", ".join(filter(None, here)), clause) for clause, here in told.items()]
    yield from merged(f"Against the baseline (Holm-corrected p < {LEVEL})", clauses)


def _differences(baseline: str, tested: Mapping[str, TestedComparison]) -> str:
    better = _sorted(one for one in tested.items() if one[1].significant and _gain(one) > 0)
    worse = _sorted(one for one in tested.items() if one[1].significant and _gain(one) < 0)
    counts = [_counted(better[::-1], "better"), _counted(worse, "worse")]
    total = f"{len(tested)} mechanisms" if len(tested) > 1 else "one mechanism"
    told = " and ".join(filter(None, counts)) or "none is significantly different"
    return f"of {total} compared with {baseline}, {told}"


def beyond(analysis: Analysis) -> Iterator[str]:
    """The mechanisms that keep their BLEU on sentences longer than the training sentences."""
    clauses = []
    for condition, far in analysis.beyond.items():
        near = analysis.bleu[condition]
        fallen = [name for name, estimate in far.items() if estimate.high < near[name].low]
        how_many = "all" if len(fallen) == len(far) else f"{len(fallen)} of {len(far)}"
        clause = f"BLEU falls for {how_many} mechanisms by more than the intervals allow"
        if ranked := analysis.ranks_beyond.get(condition):
            first, *others = may_be_best(ranked)
            clause += f", the highest there is {shown(far[first])} by {first} {also_best(others)}"
        clauses.append((condition, clause))
    yield from merged("On sentences longer than every training sentence", clauses)


def pooling(analysis: Analysis) -> Iterator[str]:
    """The lowest test error of those with an interval over seeds. The points of one seed may favour any pooling."""
    study, clauses = analysis.study, []
    for condition in conditions(study.regressions):
        ranked = [(name, error) for where, name, _, error in kernel_regression.ranked(study) if where == condition]
        known = [(name, error) for name, error in ranked if isinstance(error, Estimate) and error.known]
        if len(known) < 2:
            continue
        (first, lowest), *others = known
        among = f"{len(known)} poolings" if len(known) == len(ranked) else f"{len(known)} poolings with an interval"
        equals = [name for name, error in others if error.overlaps(lowest)]
        rest = (
            f"(not separable from it, because the intervals over seeds overlap: {some(equals)})"
            if equals
            else "(its interval over seeds is below all others)"
        )
        clauses.append((condition, f"{shown(lowest, 3)} by {first}, of {among} {rest}"))
    yield from merged("The lowest test error", clauses)


def effects(analysis: Analysis) -> Iterator[str]:
    """The factors that explain most of the variance, if the grid can tell."""
    found = analysis.effects
    if found is None or not found.told:
        return
    tested = [term for term in found.terms if term.adjusted_p is not None and term.adjusted_p < LEVEL]
    if largest := sorted(tested, key=lambda term: -term.share)[:TERMS]:
        shares = ", ".join(f"{term.name} {100 * term.share:.0f} %" for term in largest)
        yield f"The factors with the largest shares of the variance of BLEU: {shares} (each p < {LEVEL}, Holm)."


def alignment(analysis: Analysis) -> Iterator[str]:
    """The lowest alignment error rate, and the mechanisms that may have it as well."""
    clauses = []
    for condition, ranked in analysis.ranks_aer.items():
        first, *others = may_be_best(ranked)
        value = shown(analysis.aer[condition][first], 2)
        clauses.append((condition, f"{value} by {first}, of {len(ranked)} mechanisms {also_best(others)}"))
    yield from merged("The lowest alignment error rate", clauses)


def _sorted(tested: Iterable[tuple[str, TestedComparison]]) -> list[tuple[str, TestedComparison]]:
    return sorted(tested, key=_gain)


def _gain(tested: tuple[str, TestedComparison]) -> float:
    return tested[1].comparison.difference.value


def _counted(found: list[tuple[str, TestedComparison]], what: str) -> str:
    """How many there are, and the largest difference, which is that of the first."""
    if not found:
        return ""
    name, tested = found[0]
    verb = "is" if len(found) == 1 else "are"
    largest = f"{interval(tested.comparison.difference, signed)} BLEU, {name}"
    return f"{len(found)} {verb} significantly {what} (largest difference {largest})"
