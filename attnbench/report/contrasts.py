"""What the factors do to BLEU: by a linear model, and by pairs of mechanisms that differ in one factor."""

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import NamedTuple

from attnbench.quality.sample_size import FEWEST_SENTENCES
from attnbench.record import Factor
from attnbench.report.statistics import Comparison, Contest, Effects, compare, effects, holm
from attnbench.report.study.factors import by_job
from attnbench.report.study.frames import groups
from attnbench.report.study.naming import mechanism, natural_key
from attnbench.report.study.study import Study, evenly_spaced

MOST = 100  # pairs


class Contrast(NamedTuple):
    """Two mechanisms of a condition whose factors differ in one: what `to` gains on `start`."""

    condition: str
    factor: str
    levels: tuple[str, str]  # of the factor, of `start` and of `to`
    start: str
    comparison: Comparison
    adjusted_p: float  # by Holm, over all contrasts


def effects_on_bleu(study: Study, contests: Mapping[str, Contest]) -> Effects | None:
    """The linear model of BLEU, of mechanisms in a contest if there is one; None if no factor varies."""
    bleu = {
        job: record.quality.bleu
        for job, record in enumerate(study.records)
        if record.quality and record.quality.sentences >= FEWEST_SENTENCES
    }
    if contests:
        members = {condition: set(one.names) for condition, one in contests.items()}
        places = zip(study.condition, study.mechanism, strict=True)
        competes = [name in members.get(condition, ()) for condition, name in places]
        bleu = {job: value for job, value in bleu.items() if competes[job]}
    frame = by_job(study, "bleu", bleu)
    varied = [factor for factor in frame.columns if factor != "bleu" and len(groups(frame, factor)) > 1]
    return effects(frame, "bleu", varied) if varied else None


def contrasts(study: Study, contests: Mapping[str, Contest]) -> list[Contrast]:
    """Pairs of mechanisms of a contest that differ in one factor, by factor; at most `MOST`, spread evenly."""
    factors = {name: mechanism(record) for record, name in zip(study.records, study.mechanism, strict=True)}
    found = [
        (condition, factor, start, to)
        for condition, contest in contests.items()
        for factor, start, to in _neighbours({name: factors[name] for name in contest.names})
    ]
    found.sort(key=lambda each: (each[1], natural_key(each[0])))
    kept = evenly_spaced(found, MOST)
    compared = [compare(contests[condition], start)[to] for condition, _, start, to in kept]
    adjusted = holm([one.p for one in compared]) if compared else []
    return [
        Contrast(condition, factor, (_level(factors[start], factor), _level(factors[to], factor)), start, one, p)
        for (condition, factor, start, to), one, p in zip(kept, compared, adjusted, strict=True)
    ]


def _neighbours(factors: Mapping[str, Mapping[str, Factor]]) -> Iterator[tuple[str, str, str]]:
    """Factor and names of each pair whose factors are the same but for one."""
    for factor in dict.fromkeys(name for its in factors.values() for name in its):
        alike: dict[frozenset[tuple[str, Factor]], list[str]] = {}
        for name, its in factors.items():
            if factor in its:
                rest = frozenset((key, value) for key, value in its.items() if key != factor)
                alike.setdefault(rest, []).append(name)
        for names in alike.values():
            ordered = sorted(names, key=lambda name: natural_key(_level(factors[name], factor)))
            yield from ((factor, start, to) for start, to in combinations(ordered, 2))


def _level(its: Mapping[str, Factor], factor: str) -> str:
    return str(its[factor]).lower() if isinstance(its[factor], bool) else str(its[factor])
