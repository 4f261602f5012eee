"""Names beside what they name: at the ends of lines, and next to points."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

from attnbench.report.figures.plotting import PALE, name_of, short

SIZE = 7.5  # points
LONGEST = 34  # letters of a name, at most
NEAR = 3  # points: a name that is further from its point has a line to it
OFFSETS = [(x, y) for far in (NEAR, 12, 21) for x, y in ((-5, far), (5, -far), (-5, -far), (5, far))]  # points


class Label(NamedTuple):
    """A name for the point (x, y), in data coordinates. `colour` is that of a mark before it, or of a line to it.

    The name itself has the colour of all text, because some line colours are hard to read as text. `mechanism` is what
    it names, as other figures call it.
    """

    x: float
    y: float
    text: str
    colour: str
    mechanism: str


def at_ends(axis: Axes, labels: Iterable[Label], height: float) -> None:
    """Names lines to the right of the panel (`height` inches tall), level with their ends, as far as the names do not
    overlap.
    """
    axis.get_ylim()  # updates the limits with everything that was drawn
    scales = axis.transScale + axis.transLimits
    placed = sorted((tuple(scales.transform((label.x, label.y))), label) for label in labels)
    placed.sort(key=lambda each: each[0][1])
    places = spaced([y for (_, y), _ in placed], 1.25 * SIZE / (72 * height))
    for ((x, y), label), place in zip(placed, places, strict=True):
        inside = {"transform": axis.transAxes, "clip_on": False}
        # Grey and dotted: a line in the colour of the curve would look like more of the curve.
        axis.plot([x, 1.0, 1.03], [y, y, place], **inside, color=PALE, linewidth=0.5, linestyle=":", zorder=1)
        axis.plot([1.035, 1.055], [place, place], **inside, color=label.colour, linewidth=1.6)
        name_of(
            axis.text(1.065, place, short(label.text, LONGEST), **inside, va="center", fontsize=SIZE), label.mechanism
        )


def spaced(wanted: Sequence[float], gap: float) -> list[float]:
    """Places at least `gap` apart, near the `wanted` ones (in rising order), between 0 and 1 as far as there is room.

    Places that would overlap are centred on their common middle.
    """
    groups: list[list[float]] = []
    for place in wanted:
        groups.append([place])
        while len(groups) > 1 and _touch(groups[-2], groups[-1], gap):
            last = groups.pop()
            groups[-1] += last
    places = [_middle(group) + gap * (i - (len(group) - 1) / 2) for group in groups for i in range(len(group))]
    last = len(places) - 1
    over = max(0.0, (last * gap - 1) / 2)  # at either end
    return [min(max(place, i * gap - over), 1 + over - (last - i) * gap) for i, place in enumerate(places)]


def beside(axis: Axes, labels: Sequence[Label], others: Sequence[tuple[float, float]]) -> None:
    """Names points next to them, where the name overlaps no other name, none of the `others`, and no side of the panel.

    The panel must have its final place (`plotting.settle`). A name without room is left out.
    """
    points = [tuple(axis.transData.transform(place)) for place in (*((one.x, one.y) for one in labels), *others)]
    taken = [Bbox.from_extents(x - 5, y - 5, x + 5, y + 5) for x, y in points]
    inside, scale = axis.get_window_extent(), axis.figure.dpi / 72
    for label, (x, y) in zip(labels, points, strict=False):
        text = short(label.text, LONGEST)
        width, height = _size(axis, text)
        for dx, dy in OFFSETS:
            left, bottom = x + dx * scale - width * (dx < 0), y + dy * scale - height * (dy < 0)
            box = Bbox.from_bounds(left, bottom, width, height)
            # Above the panel is its title.
            within = inside.x0 <= box.x0 and box.x1 <= inside.x1 and inside.y0 <= box.y0 and box.y1 <= inside.y1
            if within and not box.count_overlaps(taken):
                side: dict[str, Any] = {"ha": "right" if dx < 0 else "left", "va": "top" if dy < 0 else "bottom"}
                if abs(dy) > NEAR:
                    looks = {"arrowstyle": "-", "color": label.colour, "linewidth": 0.6, "shrinkA": 0, "shrinkB": 2}
                    side["arrowprops"] = looks | {"relpos": (float(dx < 0), float(dy < 0))}  # from the near corner
                note = axis.annotate(text, (label.x, label.y), (dx, dy), textcoords="offset points", **side)
                note.set(fontsize=SIZE, zorder=5)
                name_of(note, label.mechanism)
                note.set_bbox({"facecolor": "white", "alpha": 0.7, "linewidth": 0, "pad": 0.5})
                taken.append(box)
                break


def _size(axis: Axes, text: str) -> tuple[float, float]:
    """Width and height of a name, in pixels."""
    probe = axis.text(0, 0, text, fontsize=SIZE)
    box = probe.get_window_extent()
    probe.remove()
    return box.width, box.height


def _touch(below: list[float], above: list[float], gap: float) -> bool:
    reach = gap * (len(below) + len(above)) / 2
    return _middle(above) - _middle(below) < reach


def _middle(group: list[float]) -> float:
    return sum(group) / len(group)
