"""What single heads do: their alignment error, and the entropy of their weights."""

from collections.abc import Iterator

import pandas as pd
from matplotlib.figure import Figure

from attnbench.report import document
from attnbench.report.document import fixed
from attnbench.report.figures import plotting
from attnbench.report.figures.plotting import drawn, point, tip
from attnbench.report.study.frames import conditions, groups, numbers, where
from attnbench.report.study.study import Study, evenly_spaced

MEASURES = {"aer": "alignment error rate of a head", "entropy": "entropy of a head's weights (nats)"}
ROWS = 36  # layers of mechanisms in one figure


def heads(study: Study) -> Iterator[document.Figure]:
    """`heads`: a dot for each head, a row for each layer, for mechanisms with several heads, at the shortest length."""
    if study.heads.empty:
        return
    condition = conditions(study.heads)[0]
    here = where(study.heads, condition=condition)
    several = [name for name, mine in study.by_mechanism(here) if len(mine[["layer", "head"]].drop_duplicates()) > 1]
    if not several:
        return
    names = evenly_spaced(several, max(2, ROWS // int(1 + max(numbers(here, "layer")))))
    # Heads of different seeds have only their number in common.
    found = pd.concat([_first_job(mine) for name, mine in study.by_mechanism(here) if name in names])
    measures = [measure for measure in MEASURES if numbers(found, measure)]
    caption = (
        "Single heads of the first job of each mechanism with several heads: a dot for each head, a row for each "
        "layer, the first on top. The entropy is 0 if a head attends one token, and grows with the number of tokens "
        "that it attends. Both are means over the test sentences."
    )
    if "aer" in measures:
        caption += " For the alignment error, each target word is linked to the source word with most of its weight."
    if condition and len(conditions(study.heads)) > 1:
        caption += f" Here: {condition}."
    if len(names) < len(several):
        caption += f" Of {len(several):,} mechanisms, {len(names)} are shown, evenly spread over their names."
    alt = "Dot plots of alignment error and entropy, one dot for each head, one row for each layer of a mechanism."
    yield document.Figure("heads", caption, alt, _draw(study, found, names, measures))


@drawn
def _draw(study: Study, found: pd.DataFrame, names: list[str], measures: list[str]) -> Figure:
    layers = {name: int(max(numbers(mine, "layer"))) + 1 for name, mine in study.by_mechanism(found)}
    starts, total = {}, 0.0
    for name in names:
        starts[name] = total
        total += 0.45 * layers[name] + 0.55
    figure, axes = plotting.panels([""], [""] * len(measures), 0.4 + 0.19 * total, sharey=True)
    for measure, axis in zip(measures, axes[0], strict=True):
        for row in found.dropna(subset=[measure]).to_dict("records"):
            name, layer, value = str(row["mechanism"]), int(row["layer"]), float(row[measure])
            (dot,) = axis.plot(value, starts[name] + 0.45 * layer, **point(study.encoding.styles[name]), alpha=0.8)
            tip(dot, f"{name}, layer {layer + 1}, head {int(row['head']) + 1}: {measure} {fixed(2)(value)}", name)
        axis.set_xlabel(MEASURES[measure])
        axis.grid(axis="y", visible=False)
        for name in names[1:]:
            axis.axhline(starts[name] - 0.5, color=plotting.GRID, linewidth=0.6)
    shown = [plotting.short(name, plotting.ROW_NAME) for name in names]
    axes[0][0].set_yticks([starts[name] + 0.225 * (layers[name] - 1) for name in names], shown)
    axes[0][0].set_ylim(total - 0.4, -0.6)
    return figure


def _first_job(heads: pd.DataFrame) -> pd.DataFrame:
    return groups(heads, "job")[0][1]
