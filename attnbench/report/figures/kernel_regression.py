"""Kernel regression: the curve that each attention pooling estimates, and its weights."""

from collections.abc import Iterator

from matplotlib.figure import Figure

from attnbench.record import Regression
from attnbench.report import document
from attnbench.report.figures.plotting import (
    INK,
    PALE,
    drawn,
    grid,
    label_outer,
    tip,
)
from attnbench.report.study.frames import conditions, groups, numbers
from attnbench.report.study.study import Study, evenly_spaced
from attnbench.report.tables.kernel_regression import ranked

MAX_POOLINGS = 12  # poolings in one figure
ACROSS = 3  # panels side by side
TICKS = 5  # values of x that are written along a side of a heat map


def examples(study: Study) -> dict[str, Regression]:
    """By pooling, its job with the first seed, in the first condition."""
    found: dict[str, Regression] = {}
    for condition in conditions(study.regressions)[:1]:
        first_job = {
            name: int(numbers(groups(jobs, "seed")[0][1], "job")[0])
            for where, name, jobs, _ in ranked(study)
            if where == condition
        }
        for name in evenly_spaced(list(first_job), MAX_POOLINGS):
            regression = study.records[first_job[name]].regression
            assert regression is not None
            found[name] = regression
    return found


def figures(study: Study) -> Iterator[document.Figure]:
    """`pooling_curves` and `pooling_weights`."""
    chosen = examples(study)
    if not chosen:
        return
    count = len(study.shown(study.regressions))
    note = (
        f" Of {count:,} poolings, {len(chosen)} are shown, spread evenly over their ranking."
        if len(chosen) < count
        else ""
    )
    yield document.Figure(
        "pooling_curves",
        "The estimate of each pooling, for the first seed: the noisy points, the true curve, and the mean of the "
        f"points' y under the attention weights.{note}",
        "Small plots of noisy points, the true curve and an estimate of it, one for each pooling.",
        _curves(study, chosen),
    )
    yield document.Figure(
        "pooling_weights",
        "The weight of each training point in the estimate at each test point, both in the order of x. Each map has a "
        f"scale of its own.{note}",
        "Heat maps of attention weights, one for each pooling: test points down, training points across.",
        _weight_maps(chosen),
    )


@drawn
def _curves(study: Study, chosen: dict[str, Regression]) -> Figure:
    """A panel for each pooling: the noisy points, the true curve, and the estimate."""
    figure, axes = grid(len(chosen), ACROSS, 1.6, sharex=True, sharey=True)
    for axis, (name, each) in zip(axes, chosen.items(), strict=True):
        axis.plot(each.x, each.y, "o", color=PALE, markersize=2.5, markeredgewidth=0, label="training points")
        axis.plot(each.test_x, each.truth, "--", color=INK, linewidth=0.9, label="true curve")
        (line,) = axis.plot(each.test_x, each.estimate, color=study.encoding.styles[name].colour, label="estimate")
        tip(line, f"{name}: test error {each.test_error:.3f}", name)
        axis.set_title(f"{name}\ntest error {each.test_error:.3f}", fontsize=7)
        axis.set(xlabel="x", ylabel="y")
    label_outer(figure, axes, ACROSS)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
    return figure


@drawn
def _weight_maps(chosen: dict[str, Regression]) -> Figure:
    """A panel for each pooling: test points down, training points across, both by x. Each has its own scale."""
    figure, axes = grid(len(chosen), ACROSS, 2.1)
    for axis, (name, each) in zip(axes, chosen.items(), strict=True):
        image = axis.imshow(each.weights, cmap="Blues", vmin=0, aspect="auto", interpolation="nearest")
        axis.set_title(name, fontsize=7)
        axis.set_xticks(*_ticks(each.x))
        axis.set_yticks(*_ticks(each.test_x))
        axis.set(xlabel="x of the training point", ylabel="x of the test point")
        axis.grid(visible=False)
        figure.colorbar(image, ax=axis, aspect=30, pad=0.02).ax.tick_params(labelsize=6, length=2)
    label_outer(figure, axes, ACROSS)
    return figure


def _ticks(places: list[float]) -> tuple[list[int], list[str]]:
    """A few positions along a side, and the values of x there."""
    count = min(TICKS, len(places))
    positions = [round(i * (len(places) - 1) / max(1, count - 1)) for i in range(count)]
    return positions, [f"{places[position]:.1f}" for position in positions]
