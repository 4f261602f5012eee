"""BLEU during training."""

from collections.abc import Iterator
from functools import partial

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from attnbench.report import document
from attnbench.report.document import fixed
from attnbench.report.figures import lines, small_multiples
from attnbench.report.figures.plotting import drawn
from attnbench.report.figures.small_multiples import Panel, PanelLayout
from attnbench.report.study.frames import along, conditions, where
from attnbench.report.study.study import Study

MARKS = 4  # of a line


def learning_curves(study: Study) -> Iterator[document.Figure]:
    """`learning_curves`: validation BLEU against updates. With many mechanisms, one figure for each condition."""
    curves = {condition: _curves(study, condition) for condition in conditions(study.history)}
    several = any(point.low < point.high for found in curves.values() for mine in found.values() for point in mine)
    spread = " Lines are means over the jobs of a mechanism, whiskers are their range." if several else ""
    caption = f"BLEU on the validation set during training, against the number of updates.{spread}"
    alt = "Lines of validation BLEU against updates, one for each mechanism."
    return small_multiples.figures(
        "learning_curves", caption, alt, study, curves, partial(_draw, curves=curves, study=study)
    )


@drawn
def _draw(plate: PanelLayout, curves: lines.Curves, study: Study) -> Figure:
    def finish(axis: Axes, panel: Panel) -> None:
        axis.set_xlabel("updates")
        axis.set_ylabel("validation BLEU")

    return lines.draw(plate, curves, study.encoding, finish, across=2, marks=MARKS)


def _curves(study: Study, condition: str) -> dict[str, list[lines.Point]]:
    """By mechanism, the mean over its jobs at each update, and their range."""
    bleu = "validation_bleu"
    here = where(study.history, condition=condition)
    mean, low, high = (along(here, "update", [bleu], how) for how in ("mean", "min", "max"))

    def point(name: str, update: int) -> lines.Point:
        value, least, most = (found[name][update][bleu] for found in (mean, low, high))
        return lines.Point(update, value, least, most, f"BLEU {fixed(1)(value)} after {update:,} updates")

    return {name: [point(name, update) for update in updates] for name, updates in mean.items()}
