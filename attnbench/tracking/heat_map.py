"""An alignment as an image, for a tracker that shows images."""

import warnings
from typing import TYPE_CHECKING

from attnbench.record import Alignment

if TYPE_CHECKING:
    from PIL.Image import Image

CELL_INCHES = 0.28  # side of a cell


def heat_map(alignment: Alignment) -> "Image":
    """Target tokens down, source tokens across, weights as darkness from 0 to 1. Gold links have an orange frame.

    The weights are the mean of all layers and heads; for a model without attention, the implicit weights.
    """
    import numpy as np
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle
    from PIL.Image import fromarray

    source, target = alignment.source, alignment.target
    size = (1.5 + CELL_INCHES * len(source), 1.5 + CELL_INCHES * len(target))
    figure = Figure(figsize=size, layout="constrained")
    axis = figure.subplots()
    weights = np.mean(alignment.weights, axis=(0, 1)) if alignment.weights else alignment.implicit
    axis.imshow(weights, cmap="Blues", vmin=0, vmax=1, interpolation="nearest")
    for source_place, target_place in alignment.gold:
        corner = source_place - 0.5, target_place - 0.5
        axis.add_patch(Rectangle(corner, 1, 1, fill=False, edgecolor="#D55E00", linewidth=1.5))
    # A token is never a formula.
    axis.set_xticks(range(len(source)), source, rotation=90, parse_math=False)
    axis.set_yticks(range(len(target)), target, parse_math=False)
    canvas = FigureCanvasAgg(figure)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        canvas.draw()
    return fromarray(np.asarray(canvas.buffer_rgba()).copy())
