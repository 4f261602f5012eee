"""What the titles of sections claim. A title claims something only if a test, or a count, carries it."""

from collections.abc import Callable, Sequence

from attnbench.report.analysis import LEVEL, Analysis, Gain
from attnbench.report.competition import main_condition
from attnbench.report.document import fixed


def claims(analysis: Analysis) -> dict[str, str]:
    """By title of a section, what its results amount to; nothing for a section without such a sentence."""
    made: dict[str, Callable[[Analysis], str]] = {"Quality": _gain, "Tuning and convergence": _converged}
    return {title: said for title, make in made.items() if (said := make(analysis))}


def _gain(analysis: Analysis) -> str:
    """What attention adds, if each mechanism with attention is better than the best one of its model without it."""
    condition = main_condition(analysis.bleu)
    gains = analysis.gains.get(condition, [])
    if not all_gain(gains):
        return ""
    return f"attention adds {span(gains)} BLEU{to_models(analysis, gains)}{f' at {condition}' if condition else ''}"


def all_gain(gains: Sequence[Gain]) -> bool:
    """Whether there are gains, and each is surely one."""
    return bool(gains) and all(one.comparison.difference.value > 0 and one.adjusted_p < LEVEL for one in gains)


def to_models(analysis: Analysis, gains: Sequence[Gain]) -> str:
    """The models that have these gains, if the report has other models too: " to the model rnn"."""
    models = dict.fromkeys(one.model for one in gains)
    known = {str(record.factors["model"]) for record in analysis.study.records if "model" in record.factors}
    return f" to the model {' and '.join(models)}" if known - {*models} else ""


def span(gains: Sequence[Gain]) -> str:
    """The smallest and the largest gain: "23 to 35"."""
    values = [one.comparison.difference.value for one in gains]
    return " to ".join(dict.fromkeys(fixed(0)(pick(values)) for pick in (min, max)))


def _converged(analysis: Analysis) -> str:
    trained = [record.training.converged for record in analysis.study.records if record.training]
    return f"{sum(trained):,} of {len(trained):,} trainings converged" if trained else ""
