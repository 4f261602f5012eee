"""The first screen: the answer in one sentence, three numbers, and what was run in one line."""

from collections.abc import Iterator
from typing import NamedTuple

from attnbench.report.analysis import Analysis, Gain
from attnbench.report.claims import all_gain, span, to_models
from attnbench.report.competition import main_condition
from attnbench.report.document import (
    Block,
    KeyNumber,
    KeyNumbers,
    Lead,
    Paragraph,
    fixed,
    interval,
    signed,
    significant,
)
from attnbench.report.statistics import Estimate, compare, may_be_best
from attnbench.report.study.frames import where
from attnbench.report.study.naming import natural_key
from attnbench.report.study.step_times import step_times
from attnbench.report.study.study import Study
from attnbench.report.tables.quality import some

SECOND = "ahead of the second"  # what a difference may be
BOUNDS = ("updates", "epochs", "seconds")  # of a training, in its config


class _Answer(NamedTuple):
    """What the first screen is about: the best mechanism of a condition, and what it is compared with."""

    condition: str
    best: str
    like_best: list[str] | None  # those that cannot be told apart from it, with it; None if nothing ranks them
    total: int  # mechanisms that are ranked, or all
    gains: list[Gain]  # of attention, if each is surely one
    rival: str | None  # the best one of the same model without attention; else the baseline; else the second best
    ahead: str  # what a difference to the rival is
    difference: Estimate | None  # to the rival, if both have several seeds

    @property
    def at(self) -> str:
        return f" ({self.condition})" if self.condition else ""

    @property
    def decided(self) -> bool:
        return self.like_best is not None and len(self.like_best) == 1


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
    gains = analysis.gains.get(condition, [])
    bare = next((one.rival for one in gains if one.name == best), None)
    baseline = analysis.study.baselines[best]
    rivals = {"gained by attention": bare, "ahead of the baseline": baseline if baseline in others else None}
    rivals[SECOND] = others[0] if others else None
    ahead, rival = next(((what, name) for what, name in rivals.items() if name), ("", None))
    compared = compare(contest, rival).get(best) if contest and rival else None
    return _Answer(
        condition,
        best,
        may_be_best(ranked) if ranked else None,
        1 + len(others),
        gains if all_gain(gains) else [],
        rival,
        ahead,
        compared.difference if compared else None,
    )


def _sentence(analysis: Analysis, answer: _Answer) -> str:
    best, total = answer.best, answer.total
    if total == 1:
        return f"{best} reaches {_range(analysis, answer)} BLEU{answer.at}."
    if answer.like_best is None:
        bleu = _range(analysis, answer)
        return f"{total} mechanisms have a BLEU of {bleu}{answer.at}; these numbers do not rank them."
    varies = ", depending on the mechanism" if len(answer.gains) > 1 else ""
    to = to_models(analysis, answer.gains)
    adds = f"Attention adds {span(answer.gains)} BLEU{to}{varies}{answer.at}." if answer.gains else ""
    at = "" if adds else answer.at
    if answer.decided:
        lead = f", {answer.difference.value:.1f} BLEU above {answer.rival}" if answer.difference and not adds else ""
        return f"{adds} {best} is the best of {total} mechanisms{lead}{at}.".strip()
    others = len(answer.like_best) - 1
    are = "1 other cannot" if others == 1 else f"{others} others cannot"
    return f"{adds} {best} has the highest BLEU{at}, but {are} be told apart from it.".strip()


def _quality(analysis: Analysis, answer: _Answer) -> KeyNumber:
    """What attention gains; else how far the best mechanism is ahead; else the range of BLEU."""
    if answer.gains:
        most = max(answer.gains, key=lambda one: one.comparison.difference.value)
        told = f"{most.name} against {most.rival}: {interval(most.comparison.difference, signed)}{answer.at}"
        detail = f"the most: {told}" if len(answer.gains) > 1 else told
        return KeyNumber(f"+{span(answer.gains)} BLEU", "gained by attention", detail)
    if answer.difference:
        detail = f"{answer.best} against {answer.rival}{answer.at}"
        if answer.ahead != SECOND:
            detail += f": {interval(answer.difference, signed)}"
        # The interval of one pair may be off 0 where all pairs together decide nothing.
        undecided = ", but the order is not decided" if answer.ahead == SECOND and not answer.decided else ""
        return KeyNumber(f"{signed(answer.difference.value)} BLEU", f"{answer.ahead}{undecided}", detail)
    alone = analysis.bleu[answer.condition][answer.best]
    known = answer.total == 1 and alone.known
    detail = f"95 % interval [{alone.low:.1f}, {alone.high:.1f}]" if known else answer.condition
    return KeyNumber(_range(analysis, answer), "BLEU", detail)


def _cost(analysis: Analysis, answer: _Answer) -> KeyNumber | None:
    """The time of a training step of the best mechanism beside that of its rival; else the range of these times."""
    times = step_times(where(analysis.study.steps, condition=answer.condition))
    if answer.difference and answer.best in times and answer.rival in times:
        mine, other = (times[name].value for name in (answer.best, answer.rival))
        detail = f"{significant(mine)} ms, {answer.best}; {significant(other)} ms, {answer.rival}{answer.at}"
        return KeyNumber(f"× {mine / other:.2f}", f"time of a training step, relative to {answer.rival}", detail)
    ends = dict.fromkeys(significant(pick(time.value for time in times.values())) for pick in (min, max) if times)
    return KeyNumber(f"{' to '.join(ends)} ms", "for a training step", answer.condition) if ends else None


def _certainty(answer: _Answer) -> KeyNumber | None:
    """Whether the order is decided."""
    if answer.total == 1:
        return None
    if answer.like_best is None:
        return KeyNumber("no order", "can be told", "this needs several seeds and sentences: seed=1,2,3")
    if answer.decided:
        return KeyNumber(f"1 of {answer.total}", "is the best", "all others are worse; all pairs compared, 5 % level")
    told, names = "may be the best: they cannot be told apart", some(answer.like_best)
    return KeyNumber(f"{len(answer.like_best)} of {answer.total}", told, f"{names}; all pairs compared, 5 % level")


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
    named = {"task": "task", "length": "source length", "model": "model"}
    parts = [f"{words} {found}" for name, words in named.items() if (found := _values(study, name))]
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
    return f"{line[:1].upper()}{line[1:]}. Section 2 says what the words mean."


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
