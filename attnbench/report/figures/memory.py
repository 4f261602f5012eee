"""What the memory of a training step consists of."""

from collections.abc import Iterator

from matplotlib.figure import Figure
from matplotlib.patches import Patch

from attnbench.report import document
from attnbench.report.document import significant
from attnbench.report.figures import plotting
from attnbench.report.figures.plotting import drawn, tip
from attnbench.report.study.frames import by_condition, conditions, medians
from attnbench.report.study.study import Study, evenly_spaced

# By field of the record: name and colour. The part of attention is a part of the activations.
PARTS = {
    "parameters_mib": ("parameters", "#0173b2"),
    "gradients_mib": ("gradients", "#56b4e9"),
    "optimiser_mib": ("optimiser", "#949494"),
    "attention_mib": ("activations of the attention", "#d55e00"),
    "other_mib": ("other activations", "#f0cfa0"),
}
STATES = ["parameters_mib", "gradients_mib", "optimiser_mib", "activations_mib"]
MAX_MECHANISMS = 30  # mechanisms
ABREAST = 3  # conditions side by side


def step_memory(study: Study) -> Iterator[document.Figure]:
    """`step_memory`: a bar for each mechanism, the smallest on top."""
    steps = study.steps
    if steps.empty:
        return
    ranked = list(medians(steps.assign(total=steps[STATES].sum(axis=1)), ["total"]))
    rows, columns = evenly_spaced(ranked, MAX_MECHANISMS), evenly_spaced(conditions(steps), ABREAST)
    caption = (
        "The parts of the memory of one training step, counted by the allocator, the smallest on top: medians over the "
        "jobs of a mechanism. Activations are the most that forward and backward hold at one time."
    )
    if len(rows) < len(ranked):
        caption += f" Of {len(ranked):,} mechanisms, {len(rows)} are shown, spread evenly over this order."
    if len(columns) < len(conditions(steps)):
        caption += f" Of {len(conditions(steps))} conditions, {len(columns)} are shown."
    alt = "Stacked bars of the parts of the memory of a training step, one for each mechanism."
    yield document.Figure("step_memory", caption, alt, _draw(study, rows, columns))


@drawn
def _draw(study: Study, rows: list[str], columns: list[str]) -> Figure:
    figure, axes = plotting.panels([""], columns, 0.5 + 0.2 * len(rows), sharey=True)
    by_name = dict(by_condition(study.steps))
    for condition, axis in zip(columns, axes[0], strict=True):
        here = by_name[condition].assign(other_mib=lambda frame: frame["activations_mib"] - frame["attention_mib"])
        parts = medians(here, list(PARTS))
        for place, name in enumerate(rows):
            left = 0.0
            for part, (said, colour) in PARTS.items() if name in parts else ():
                width = max(0.0, parts[name][part])
                bar = axis.barh(place, width, 0.7, left, color=colour, edgecolor="white", linewidth=0.4)
                tip(bar, f"{name}: {said} {significant(width)} MiB", name)
                left += width
        axis.set_xlabel("memory (MiB)")
        axis.grid(axis="y", visible=False)
    plotting.name_rows(axes[0][0], rows, rows)
    handles = [Patch(facecolor=colour, label=said) for said, colour in PARTS.values()]
    figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False)
    return figure
