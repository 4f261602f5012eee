"""The first screen: the answer in one sentence, three numbers, and what was run in one line."""

from collections.abc import Iterator
from typing import NamedTuple

from attnbench.report.analysis import Analysis
from attnbench.report.competition import main_condition
from attnbench.report.document import (
    Block,
    KeyNumber,
    KeyNumbers,
    Lead,
    Paragraph,
    fixed,
    signed,
    significant,
)
from attnbench.report.statistics import Estimate, compare, may_be_best
from attnbench.report.study.frames import where
from attnbench.report.study.naming import natural_key
from attnbench.report.study.step_times import step_times
from attnbench.report.study.study import Study

BOUNDS = ("updates", "epochs", "seconds")  # of a training, in its config


class _Answer(NamedTuple):
    """What the first screen is about: the best mechanism of a condition, and what it is compared with."""

    condition: str
    best: str
    equals: int | None  # mechanisms that may be the best; None if nothing ranks them
    total: int  # mechanisms that are ranked, or all
    rival: str | None  # the best one of the same model without attention; else the baseline; else the second best
    gained: str  # what a gain over the rival is
    gain: Estimate | None  # over the rival, if both have several seeds


def summary(analysis: Analysis) -> Iterator[Block]:
    """The answer and its three numbers, for the condition with the most mechanisms; then what was run."""
    if analysis.bleu:
        answer = _answer(analysis)
        yield Lead(_sentence(analysis, answer))
        numbers = _quality(analysis, answer), _cost(analysis, answer), _certainty(answer)
        yield KeyNumbers(tuple(filter(None, numbers)))
    else:
        yield from _fastest(analysis)
    yield Paragraph(_setting(analysis.study))


def _answer(analysis: Analysis) -> _Answer:
    condition = main_condition(analysis.bleu)
    contest, ranked = analysis.contests.get(condition), analysis.ranks.get(condition)
    best, *others = ranked or analysis.bleu[condition]
    evaluated = [pair for pair in zip(analysis.study.records, analysis.study.mechanism, strict=True) if pair[0].quality]
    models = {name: record.factors.get("model") for record, name in evaluated}
    bare = {name for record, name in evaluated if "score" not in record.factors}
    rivals = {
        "gained by attention": [name for name in others if name in bare and models[name] == models[best]],
        "gained on the baseline": [name for name in others if name == analysis.study.baselines[best]],
        "ahead of the second": others,
    }
    gained, rival = next(((what, names[0]) for what, names in rivals.items() if names), ("", None))
    gain = compare(contest, rival).get(best) if contest and rival else None
    equals = len(may_be_best(ranked)) if ranked else None
    return _Answer(condition, best, equals, 1 + len(others), rival, gained, gain.difference if gain else None)


def _sentence(analysis: Analysis, answer: _Answer) -> str:
    at = f" ({answer.condition})" if answer.condition else ""
    if answer.total == 1:
        return f"{answer.best} reaches {_range(analysis, answer)} BLEU{at}."
    if answer.equals is None:
        return (
            f"{answer.total} mechanisms have a BLEU of {_range(analysis, answer)}{at}; these numbers do not rank them."
        )
    ahead = f", {answer.gain.value:.1f} BLEU above {answer.rival}" if answer.gain else ""
    if answer.equals == 1:
        return f"{answer.best} is the best of {answer.total} mechanisms{ahead}{at}."
    return (
        f"{answer.equals} of {answer.total} mechanisms may be the best; {answer.best} has the highest BLEU{ahead}{at}."
    )


def _quality(analysis: Analysis, answer: _Answer) -> KeyNumber:
    """What the best mechanism gains on its rival; else the range of BLEU."""
    if answer.gain:
        at = f"{answer.condition}: " if answer.condition else ""
        bounds = f"[{signed(answer.gain.low)}, {signed(answer.gain.high)}]"
        detail = f"{at}{answer.best} against {answer.rival}; 95 % interval {bounds}"
        return KeyNumber(f"{signed(answer.gain.value)} BLEU", answer.gained, detail)
    alone = analysis.bleu[answer.condition][answer.best]
    known = answer.total == 1 and alone.known
    detail = f"95 % interval [{alone.low:.1f}, {alone.high:.1f}]" if known else answer.condition
    return KeyNumber(_range(analysis, answer), "BLEU", detail)


def _cost(analysis: Analysis, answer: _Answer) -> KeyNumber | None:
    """The time of a training step of the best mechanism beside that of its rival; else the range of these times."""
    times = step_times(where(analysis.study.steps, condition=answer.condition))
    if answer.gain and answer.best in times and answer.rival in times:
        mine, other = (times[name].value for name in (answer.best, answer.rival))
        detail = f"{significant(mine)} ms against {significant(other)} ms"
        return KeyNumber(f"× {mine / other:.2f}", "the time of a training step", detail)
    ends = dict.fromkeys(significant(pick(time.value for time in times.values())) for pick in (min, max) if times)
    return KeyNumber(f"{' to '.join(ends)} ms", "for a training step", answer.condition) if ends else None


def _certainty(answer: _Answer) -> KeyNumber | None:
    """Whether the order is decided."""
    if answer.total == 1:
        return None
    if answer.equals is None:
        return KeyNumber("no order", "can be told", "this needs several seeds and sentences: seed=1,2,3")
    told = "is the best" if answer.equals == 1 else "may be the best"
    return KeyNumber(f"{answer.equals} of {answer.total}", told, "all pairs are compared at once, at the 5 % level")


def _fastest(analysis: Analysis) -> Iterator[Lead]:
    """In a report of costs alone: the fastest mechanism on each device, at the longest length that all have; of the
    attention alone, and of whole models.
    """
    for (measured, quantity), curves in analysis.curves.items():
        common = set[int].intersection(*(set(one.values) for one in curves.values())) if curves else set[int]()
        if quantity == "ms" and len(curves) > 1 and common:
            longest = max(common)
            times = sorted((one.values[longest], name) for name, one in curves.items())
            (fast, first), (slow, last) = times[0], times[-1]
            yield Lead(
                f"At n = {longest:,}, {first} is the fastest of {len(times)}: {significant(fast)} ms for "
                f"{measured.both}. {last} is the slowest: it takes {slow / fast:.1f} times as long."
            )


def _range(analysis: Analysis, answer: _Answer) -> str:
    """The lowest and the highest BLEU, or the only one."""
    values = [each.value for each in analysis.bleu[answer.condition].values()]
    return " to ".join(dict.fromkeys(fixed(1)(pick(values)) for pick in (min, max)))


def _setting(study: Study) -> str:
    """Task, length, model, budget, seeds, and how many trainings converged."""
    parts = [f"{name} {found}" for name in ("task", "length", "model") if (found := _values(study, name))]
    trained = [record for record in study.records if record.training]
    if trained:
        parts.append(_budget(study))
        seeds = len({record.seed for record in trained})
        converged = sum(record.training.converged for record in trained if record.training)
        parts.append(f"{seeds} seed{'' if seeds == 1 else 's'}")
        parts.append(f"{converged:,} of {len(trained):,} trainings converged")
    failed = sum(record.status != "finished" for record in study.records)
    parts.append(f"{failed:,} of {len(study.records):,} jobs did not finish" if failed else "")
    line = "; ".join(filter(None, parts))
    return f"{line[:1].upper()}{line[1:]}."


def _values(study: Study, name: str) -> str:
    found = {str(record.factors[name]) for record in study.records if name in record.factors}
    return " and ".join(sorted(found, key=natural_key))


def _budget(study: Study) -> str:
    """The bound on a training that all jobs share."""
    for name in BOUNDS:
        found = {(record.config.get("training") or {}).get(name) for record in study.records if record.training}
        if len(found) == 1 and (bound := found.pop()):
            return f"at most {fixed(0)(bound)} {name}"
    return ""
