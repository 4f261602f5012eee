"""How sensitive a mechanism is to what was tuned, and how its best score grows with the number of trials."""

from collections.abc import Iterator
from functools import partial

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from attnbench.report import document
from attnbench.report.document import fixed
from attnbench.report.figures import lines, plotting, small_multiples
from attnbench.report.figures.plotting import INK, drawn
from attnbench.report.figures.small_multiples import Panel, PanelLayout
from attnbench.report.statistics.expected_best import expected_best
from attnbench.report.study.naming import natural_key
from attnbench.report.study.study import Study

Chosen = dict[str, dict[str, float]]  # by condition and mechanism, the chosen value


def sensitivity(study: Study) -> Iterator[document.Figure]:
    """`tuning_KEY` for each tuned number: validation BLEU against its value."""
    for key in dict.fromkeys(key for each in study.tunings for key in each.keys):
        short = key.rpartition(".")[2].replace("_", " ")
        curves: dict[str, dict[str, list[lines.Point]]] = {}
        chosen: Chosen = {}
        for each in sorted(study.tunings, key=lambda tuning: natural_key(tuning.condition)):
            if len(curve := each.curve(key)) > 1:
                points = [_point(value, bleu, f"{short} {value:g}") for value, bleu in curve.items()]
                curves.setdefault(each.condition, {})[each.mechanism] = points
                if isinstance(value := each.chosen.get(key), int | float):
                    chosen.setdefault(each.condition, {})[each.mechanism] = float(value)
        caption = (
            f"BLEU on the validation set against the {short}: one trial for each point, each with one seed. A ring "
            "marks the value with which the mechanism was then trained. A steep line is a mechanism that needs tuning."
        )
        alt = f"Lines of validation BLEU against the {short}, one for each mechanism."
        draw = partial(_draw_sensitivity, curves=curves, chosen=chosen, study=study, short=short)
        if curves:
            yield from small_multiples.figures(f"tuning_{key.replace('.', '_')}", caption, alt, study, curves, draw)


def by_trials(study: Study) -> Iterator[document.Figure]:
    """`expected_best`: the expected best validation BLEU of n trials."""
    curves: dict[str, dict[str, list[lines.Point]]] = {}
    for each in sorted(study.tunings, key=lambda tuning: natural_key(tuning.condition)):
        scores = [trial.bleu for trial in each.trials if trial.bleu is not None]
        if len(scores) > 1:
            points = [_point(n, bleu, f"{n} trials") for n, bleu in enumerate(expected_best(scores).mean.tolist(), 1)]
            curves.setdefault(each.condition, {})[each.mechanism] = points
    if curves:
        caption = (
            "Expected best BLEU on the validation set against the number of trials (Dodge et al. 2019, equation 8). If "
            "lines cross, the ranking depends on how much each mechanism is tuned."
        )
        alt = "Lines of expected best validation BLEU against the number of trials, one for each mechanism."
        draw = partial(_draw_by_trials, curves=curves, study=study)
        yield from small_multiples.figures("expected_best", caption, alt, study, curves, draw)


def _point(x: float, bleu: float, said: str) -> lines.Point:
    return lines.Point(x, bleu, bleu, bleu, f"{said}, validation BLEU {fixed(1)(bleu)}")


@drawn
def _draw_sensitivity(plate: PanelLayout, curves: lines.Curves, chosen: Chosen, study: Study, short: str) -> Figure:
    values = sorted({point.x for mine in curves.values() for points in mine.values() for point in points})

    def finish(axis: Axes, panel: Panel) -> None:
        if values[0] > 0:
            plotting.values_axis(axis, values)
        for name in panel.mechanisms:
            value = chosen.get(panel.row, {}).get(name)
            for point in curves.get(panel.row, {}).get(name, ()):
                if point.x == value:
                    axis.plot(point.x, point.y, "o", mfc="none", mec=INK, ms=9, mew=0.9, zorder=4, clip_on=False)
        axis.set_xlabel(short)
        axis.set_ylabel("validation BLEU")

    return lines.draw(plate, curves, study.encoding, finish, across=2)


@drawn
def _draw_by_trials(plate: PanelLayout, curves: lines.Curves, study: Study) -> Figure:
    def finish(axis: Axes, panel: Panel) -> None:
        axis.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
        axis.set_xlabel("trials")
        axis.set_ylabel("expected best validation BLEU")

    return lines.draw(plate, curves, study.encoding, finish, across=2)
