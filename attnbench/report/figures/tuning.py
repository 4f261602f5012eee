"""How sensitive a mechanism is to what was tuned, and how its best score grows with the number of trials."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from attnbench.report import document
from attnbench.report.document import fixed
from attnbench.report.figures import lines, plotting, small_multiples
from attnbench.report.figures.plotting import INK, drawn, tip
from attnbench.report.figures.small_multiples import Panel, PanelLayout
from attnbench.report.statistics.expected_best import expected_best
from attnbench.report.study.naming import natural_key
from attnbench.report.study.study import Study, evenly_spaced
from attnbench.report.study.styles import PALETTE
from attnbench.report.study.tuning import Tuning, key_name, tuned_keys

MOST_PANELS = 12  # mechanisms
ACROSS, HEIGHT = 3, 1.2  # panels in a row; inches of a panel


def sensitivity(study: Study) -> Iterator[document.Figure]:
    """`tuning_KEY` for each tuned number: validation BLEU against its value, a panel for each mechanism."""
    for key in tuned_keys(study.tunings):
        mine = [each for each in study.tunings if len(each.curve(key)) > 1]
        present = {each.mechanism for each in mine}
        names = [name for name in study.encoding.styles if name in present]
        shown = evenly_spaced(names, MOST_PANELS)
        short = key_name(key)
        caption = (
            f"BLEU on the validation set against the {short}: one trial for each point, each with one seed. A ring "
            "marks the value with which the mechanism was then trained. All panels have the same height in BLEU, so "
            "that a steeper line is a mechanism that needs more tuning."
        )
        if len(shown) < len(names):
            caption += f" Of {len(names)} mechanisms, {len(shown)} are shown."
        alt = f"A panel for each mechanism: lines of validation BLEU against the {short}, one for each condition."
        if shown:
            drawing = _draw_sensitivity(shown, mine, key, short)
            yield document.Figure(f"tuning_{key.replace('.', '_')}", caption, alt, drawing)


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
def _draw_sensitivity(names: list[str], tunings: list[Tuning], key: str, short: str) -> Figure:
    conditions = sorted({each.condition for each in tunings}, key=natural_key)
    looks: dict[str, dict[str, Any]] = {
        name: {"color": PALETTE[i % len(PALETTE)], "marker": "os^Dv"[i % 5]} for i, name in enumerate(conditions)
    }
    values = sorted({value for each in tunings for value in each.curve(key)})
    height = 1.1 * max(_span(name, tunings, key) for name in names) + 1
    figure, axes = plotting.grid(len(names), ACROSS, HEIGHT, sharex=True)
    for name, axis in zip(names, axes, strict=True):
        for each in (tuning for tuning in tunings if tuning.mechanism == name):
            curve = each.curve(key)
            said = f"{name}, {each.condition}" if each.condition else name
            axis.plot(list(curve), list(curve.values()), **looks[each.condition], label=each.condition)
            for value, bleu in curve.items():
                (dot,) = axis.plot(value, bleu, "o", alpha=0, markersize=8)
                tip(dot, f"{said}: {short} {value:g}, validation BLEU {fixed(1)(bleu)}", name)
                if value == each.chosen.get(key):
                    axis.plot(value, bleu, "o", mfc="none", mec=INK, ms=9, mew=0.9, zorder=4, clip_on=False)
        axis.set_title(plotting.short(name, 30))
        _window(axis, height)
        if values[0] > 0:
            plotting.values_axis(axis, values)
        axis.set_xlabel(short)
        axis.set_ylabel("validation BLEU")
    plotting.label_outer(figure, axes, ACROSS)
    if len(conditions) > 1:
        handles = [Line2D([], [], **looks[name]) for name in conditions]
        figure.legend(handles, conditions, loc="outside lower center", ncols=len(conditions), frameon=False)
    return figure


@drawn
def _draw_by_trials(plate: PanelLayout, curves: lines.Curves, study: Study) -> Figure:
    def finish(axis: Axes, panel: Panel) -> None:
        axis.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
        axis.set_xlabel("trials")
        axis.set_ylabel("expected best validation BLEU")

    return lines.draw(plate, curves, study.encoding, finish, across=2)


def _span(name: str, tunings: list[Tuning], key: str) -> float:
    """The distance between the lowest and the highest BLEU of a panel."""
    scores = [bleu for each in tunings if each.mechanism == name for bleu in each.curve(key).values()]
    return max(scores) - min(scores)


def _window(axis: Axes, height: float) -> None:
    """Gives a panel this height in BLEU, around its lines, and not above 100."""
    low, high = axis.get_ylim()
    middle = min((low + high) / 2, 102 - height / 2)
    axis.set_ylim(middle - height / 2, middle + height / 2)
