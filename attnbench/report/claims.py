"""What the titles of sections claim. A title claims something only if a test, or a count, carries it."""

from collections.abc import Callable

from attnbench.report.analysis import LEVEL, Analysis
from attnbench.report.competition import main_condition
from attnbench.report.document import fixed
from attnbench.report.statistics import compare, holm


def claims(analysis: Analysis) -> dict[str, str]:
    """By title of a section, what its results amount to; nothing for a section without such a sentence."""
    made: dict[str, Callable[[Analysis], str]] = {"Quality": _gain, "Tuning and convergence": _converged}
    return {title: said for title, make in made.items() if (said := make(analysis))}


def _gain(analysis: Analysis) -> str:
    """What attention adds, if each mechanism with attention is better than the best one of its model without it."""
    if (condition := main_condition(analysis.bleu)) not in analysis.contests:
        return ""
    study, contest = analysis.study, analysis.contests[condition]
    named = {name: record.factors for record, name in zip(study.records, study.mechanism, strict=True)}
    bare = [name for name in analysis.bleu[condition] if name in contest.names and "score" not in named[name]]
    rivals = {str(named[name].get("model")): name for name in reversed(bare)}
    found = [
        one
        for model, rival in rivals.items()
        for name, one in compare(contest, rival).items()
        if "score" in named[name] and str(named[name].get("model")) == model
    ]
    if not found or any(one.difference.value <= 0 for one in found) or max(holm([one.p for one in found])) >= LEVEL:
        return ""
    ends = dict.fromkeys(fixed(0)(pick(one.difference.value for one in found)) for pick in (min, max))
    at = f" at {condition}" if condition else ""
    return f"attention adds {' to '.join(ends)} BLEU{at}"


def _converged(analysis: Analysis) -> str:
    trained = [record.training.converged for record in analysis.study.records if record.training]
    return f"{sum(trained):,} of {len(trained):,} trainings converged" if trained else ""
