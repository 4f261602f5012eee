"""The validation during training."""

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from attnbench.report import document
from attnbench.report.document import fixed
from attnbench.report.figures import lines, plotting, small_multiples
from attnbench.report.figures.plotting import drawn
from attnbench.report.figures.small_multiples import Panel, PanelLayout
from attnbench.report.study.frames import along, conditions, numbers, where
from attnbench.report.study.study import Study

MARKS = 4  # of a line


class Measure(NamedTuple):
    """What validations are shown by: a column of the history, its name on an axis, its name in a caption, decimals."""

    column: str
    axis: str
    title: str
    digits: int


BLEU = Measure("validation_bleu", "validation BLEU", "BLEU", 1)
LOSS = Measure("validation_loss", "validation loss", "Cross-entropy (nats a token)", 3)


def learning_curves(study: Study) -> Iterator[document.Figure]:
    """`learning_curves`: the validation against updates, by BLEU if every validation has it, or else by the loss.

    With many mechanisms, one figure for each condition.
    """
    measure = BLEU if len(numbers(study.history, BLEU.column)) == len(study.history) else LOSS
    curves = {condition: _curves(study, condition, measure) for condition in conditions(study.history)}
    several = any(point.low < point.high for found in curves.values() for mine in found.values() for point in mine)
    spread = " Lines are means over the jobs of a mechanism that were still trained, whiskers are their range."
    caption = (
        f"{measure.title} on the validation set during training, against the number of updates."
        f"{spread if several else ''} A training ends on a plateau."
    )
    alt = f"Lines of {measure.axis} against updates, one for each mechanism."
    draw = partial(_draw, curves=curves, study=study, measure=measure)
    return small_multiples.figures("learning_curves", caption, alt, study, curves, draw)


@drawn
def _draw(plate: PanelLayout, curves: lines.Curves, study: Study, measure: Measure) -> Figure:
    def finish(axis: Axes, panel: Panel) -> None:
        axis.set_xlabel("updates")
        axis.set_ylabel(measure.axis)
        if measure is LOSS:
            plotting.plain_log_axis(axis, "y")

    return lines.draw(plate, curves, study.encoding, finish, across=2, marks=MARKS)


def _curves(study: Study, condition: str, measure: Measure) -> dict[str, list[lines.Point]]:
    """By mechanism, the mean over its jobs at each update, and their range."""
    here = where(study.history, condition=condition)
    mean, low, high = (along(here, "update", [measure.column], how) for how in ("mean", "min", "max"))

    def point(name: str, update: int) -> lines.Point:
        value, least, most = (found[name][update][measure.column] for found in (mean, low, high))
        said = f"{measure.axis.removeprefix('validation ')} {fixed(measure.digits)(value)} after {update:,} updates"
        return lines.Point(update, value, least, most, said)

    return {name: [point(name, update) for update in updates] for name, updates in mean.items()}
