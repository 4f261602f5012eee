"""From a study to scores, and from scores to contests and estimates; all by condition and mechanism."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from attnbench.quality.error_rate import error_rate
from attnbench.report.statistics import Contest, Estimate, Scores, contest, estimate, length_bins
from attnbench.report.study.frames import conditions, where
from attnbench.report.study.naming import natural_key
from attnbench.report.study.study import SeedStatistics, Study

AllScores = dict[str, dict[str, Scores]]
Estimates = dict[str, dict[str, Estimate]]


class BleuBin(NamedTuple):
    """BLEU of the sentences whose source has `low` to `high` tokens."""

    low: int
    high: int
    bleu: Estimate


def bleu_scores(study: Study, *, beyond: bool) -> AllScores:
    """BLEU on the test set, or on sentences longer than every training sentence."""
    frame = study.beyond if beyond else study.jobs
    found: AllScores = {}
    for condition in conditions(frame):
        for name in study.shown(where(frame, condition=condition)):
            if seeds := study.seeds(name, condition, beyond=beyond):
                scores = Scores(seeds.seeds, seeds.statistics, seeds.test_set)
                found.setdefault(condition, {})[name] = scores
    return found


def alignment_errors(study: Study, kind: str) -> AllScores:
    """Alignment error rates of `explicit` or `implicit` weights: the first job of each seed.

    Seeds with other sentences are left out, and so are those without a link.
    """
    counts: dict[tuple[str, str], dict[int, Any]] = {}
    for job, place in enumerate(zip(study.condition, study.mechanism, strict=True)):
        if (links := study.links(job)) and np.isfinite(error_rate((rows := getattr(links, kind)).sum(0))):
            counts.setdefault(place, {}).setdefault(study.records[job].seed, rows)
    found: AllScores = {}
    for (condition, name), by_seed in counts.items():
        sentences = len(next(iter(by_seed.values())))
        same = {seed: rows for seed, rows in by_seed.items() if len(rows) == sentences}
        scores = Scores(tuple(same), np.stack([*same.values()]), str(sentences), error_rate, 1.0)
        found.setdefault(condition, {})[name] = scores
    return found


def contests(scores: AllScores) -> dict[str, Contest]:
    """By condition, the mechanisms that can be compared."""
    found = {condition: contest(mine) for condition, mine in scores.items()}
    return {condition: one for condition, one in found.items() if one}


def estimates(scores: AllScores, contests: Mapping[str, Contest]) -> Estimates:
    """The highest first. The interval of a mechanism in a contest has the variance that the contest shares."""
    found: Estimates = {}
    for condition, mine in scores.items():
        shared = contests[condition].estimates() if condition in contests else {}
        each = {name: shared.get(name) or estimate(one) for name, one in mine.items()}
        found[condition] = dict(sorted(each.items(), key=lambda item: -item[1].value))
    return found


def main_condition(found: Mapping[str, Mapping[str, Estimate]]) -> str:
    """The condition with the most mechanisms; the first of several; "" if there is none."""
    return max(sorted(found, key=natural_key), key=lambda condition: len(found[condition]), default="")


def lowest_first(found: Estimates) -> Estimates:
    """The same estimates in the order of error rates."""
    return {condition: dict(sorted(mine.items(), key=lambda item: item[1].value)) for condition, mine in found.items()}


def bleu_bins(seeds: SeedStatistics, count: int) -> list[BleuBin]:
    """BLEU by the length of the source, in at most `count` bins."""
    classes = length_bins(seeds.lengths.tolist(), count)
    scores = [Scores(seeds.seeds, seeds.statistics[:, each.rows]) for each in classes]
    return [BleuBin(each.low, each.high, estimate(one)) for each, one in zip(classes, scores, strict=True)]
