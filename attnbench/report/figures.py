"""Figures of quality: BLEU by mechanism, against cost, by sentence length, and while training."""

from collections.abc import Iterator, Sequence
from statistics import mean
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from attnbench.report import statistics
from attnbench.report.canvas import as_svg, legend, line, panels
from attnbench.report.frames import by_condition, conditions, groups, medians, numbers, where
from attnbench.report.statistics import Estimate
from attnbench.report.study import Study
from attnbench.report.styles import Style


@as_svg
def bleu_by_mechanism(study: Study) -> Figure:
    """A row a mechanism, best first; a panel a condition; dots with 95 % intervals."""
    jobs = study.jobs
    # Ranked by the lead over the rest of a condition: one that lacks an easy condition is not pushed down for it.
    usual = {condition: mean(numbers(rows, "bleu")) for condition, rows in by_condition(jobs)}
    leads = jobs.assign(lead=jobs["bleu"] - jobs["condition"].map(usual.__getitem__))
    ranked = list(medians(leads, ["lead"]))
    columns = conditions(jobs)
    figure, axes = panels([""], columns, 0.3 + 0.18 * len(ranked), sharey=True)
    for (_, here), axis in zip(by_condition(jobs), axes[0], strict=True):
        for name, rows in study.by_mechanism(here):
            estimate = statistics.bleu(rows)
            _dot(axis, estimate.value, ranked.index(name), study.encoding.styles[name], xerr=_reach(estimate))
        axis.set_yticks(range(len(ranked)), ranked)
        axis.set_ylim(-0.6, len(ranked) - 0.4)
        axis.set_xlabel("BLEU")
    return figure


@as_svg
def bleu_against_cost(study: Study) -> Figure:
    """Two panels, time and memory of a training step, for each condition."""
    rows = conditions(study.steps)
    costs = {"step_ms": "time of a training step (ms)", "peak_mib": "peak memory of a training step (MiB)"}
    figure, axes = panels(rows, [""] * len(costs), 1.9, sharey="row")
    for (condition, steps), line_of_axes in zip(by_condition(study.steps), axes, strict=True):
        jobs = where(study.jobs, condition=condition)
        middle = medians(steps, list(costs))
        for (cost, title), axis in zip(costs.items(), line_of_axes, strict=True):
            for name, mine in study.by_mechanism(jobs):
                if name in middle:
                    estimate = statistics.bleu(mine)
                    _dot(axis, middle[name][cost], estimate.value, study.encoding.styles[name], yerr=_reach(estimate))
            axis.set_xlabel(title)
        line_of_axes[0].set_ylabel("BLEU")
    legend(figure, study.encoding, study.shown(study.steps))
    return figure


@as_svg
def bleu_by_length(study: Study) -> Figure:
    """Lines over bins of source lengths, with 95 % intervals; a row of panels a condition."""
    bins = study.by_length
    rows = conditions(bins)
    figure, axes = panels(rows, study.encoding.panels, 1.75, sharey="row")
    for here, panel, axis in _each_panel(bins, study.encoding.panels, axes):
        edges = sorted({(int(low), int(high)) for low, high in zip(here["low"], here["high"], strict=True)})
        mechanisms = study.by_mechanism(here, panel)
        for index, (name, mine) in enumerate(mechanisms):
            # Side by side, so that no interval hides another.
            shift = 0.5 * ((index + 0.5) / len(mechanisms) - 0.5)
            points = [statistics.bleu(where(mine, low=low)) for low, _ in edges if low in set(mine["low"])]
            places = [place + shift for place, (low, _) in enumerate(edges) if low in set(mine["low"])]
            _curve(axis, places, points, study.encoding.styles[name])
        axis.set_xticks(range(len(edges)), [f"{low}–{high}" if low < high else f"{low}" for low, high in edges])
        axis.grid(axis="x", visible=False)
        axis.set_xlabel("tokens in the source sentence")
    for line_of_axes in axes:
        line_of_axes[0].set_ylabel("BLEU")
    legend(figure, study.encoding, study.shown(bins))
    return figure


@as_svg
def learning_curves(study: Study) -> Figure:
    """Validation BLEU against updates, a line a job; a row of panels a condition."""
    history = study.history
    rows = conditions(history)
    figure, axes = panels(rows, study.encoding.panels, 1.75, sharey="row", sharex="row")
    for here, panel, axis in _each_panel(history, study.encoding.panels, axes):
        for name, mine in study.by_mechanism(here, panel):
            for _, job in groups(mine, "job"):
                marks = {"markersize": 3, "markevery": max(1, len(job) // 6)}
                style: dict[str, Any] = line(study.encoding.styles[name]) | marks
                axis.plot(numbers(job, "update"), numbers(job, "validation_bleu"), **style)
        axis.set_xlabel("updates")
    for line_of_axes in axes:
        line_of_axes[0].set_ylabel("validation BLEU")
    legend(figure, study.encoding, study.shown(history))
    return figure


def _each_panel(
    frame: pd.DataFrame, columns: Sequence[str], axes: list[list[Axes]]
) -> Iterator[tuple[pd.DataFrame, str, Axes]]:
    """A row of panels a condition: its rows, the name of the column, and where to draw."""
    for (_, here), line_of_axes in zip(by_condition(frame), axes, strict=True):
        for column, axis in zip(columns, line_of_axes, strict=True):
            yield here, column, axis


def _reach(estimate: Estimate) -> list[list[float]]:
    """The interval as matplotlib wants it: distances below and above."""
    return [[max(0.0, estimate.value - estimate.low)], [max(0.0, estimate.high - estimate.value)]]


def _dot(axis: Axes, x: float, y: float, style: Style, **interval: list[list[float]]) -> None:
    looks: dict[str, Any] = line(style) | {"linestyle": "none", "elinewidth": 0.9, "zorder": 3}
    axis.errorbar(x, y, **interval, **looks)


def _curve(axis: Axes, places: Sequence[float], points: Sequence[Estimate], style: Style) -> None:
    """A line through estimates, with their intervals."""
    heights = [point.value for point in points]
    below, above = zip(*((low[0], high[0]) for low, high in map(_reach, points)), strict=True)
    axis.errorbar(places, heights, yerr=[below, above], **line(style), elinewidth=0.7)
