"""The sheet all figures are drawn on: theme, panels, legend, and the way to SVG."""

import io
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec

import matplotlib
import seaborn as sns
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from attnbench.report.styles import Encoding, Style

LINE, ROOM = 0.16, 4  # of a legend: inches to a line, and lines that a figure has room for
WIDTH = 6.5  # inches: the text width of an A4 page
INK, PALE = "#222222", "#9a9a9a"
P = ParamSpec("P")

# Tried in this order, glyph by glyph; those that are not installed are left out, as matplotlib would warn of each.
FONTS = ("DejaVu Sans", "Noto Sans CJK SC", "Noto Sans SC", "WenQuanYi Micro Hei", "PingFang SC", "Microsoft YaHei")

THEME = {
    "axes.edgecolor": PALE,
    "axes.titlelocation": "left",
    "figure.constrained_layout.use": True,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.2,
    "lines.markersize": 4.5,
    "svg.fonttype": "path",  # the same letters in every browser and in the PDF
    "svg.hashsalt": "attnbench",  # the same file for the same records
}


def as_svg(draw: Callable[P, Figure]) -> Callable[P, str]:
    """Turns a function that draws a figure into one that returns it, drawn in the house's theme, as SVG text."""

    @wraps(draw)
    def render(*args: P.args, **kwargs: P.kwargs) -> str:
        with _theme():
            target = io.StringIO()
            draw(*args, **kwargs).savefig(target, format="svg", dpi=200, metadata={"Date": None, "Creator": None})
            return target.getvalue()

    return render


@contextmanager
def _theme() -> Iterator[None]:
    text = {"text.color": INK, "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK}
    sizes = {"font.size": 8, "axes.titlesize": 8.5, "axes.labelsize": 8, "legend.fontsize": 7.5}
    sizes |= {"xtick.labelsize": 7.5, "ytick.labelsize": 7.5}
    fonts = {"font.family": [font for font in FONTS if font in font_manager.get_font_names()]}
    theme: dict[Any, Any] = {**sns.axes_style("whitegrid"), **THEME, **text, **sizes, **fonts}
    with matplotlib.rc_context(theme):
        yield


def can_write(text: str) -> bool:
    """Whether the installed fonts have a glyph for every letter of `text`."""
    names = [font for font in FONTS if font in font_manager.get_font_names()]
    charmaps = [font_manager.get_font(font_manager.findfont(name)).get_charmap() for name in names]
    return all(any(ord(letter) in charmap for charmap in charmaps) for letter in text)


def panels(
    rows: Sequence[str], columns: Sequence[str], height: float, **options: Any
) -> tuple[Figure, list[list[Axes]]]:
    """A figure with a panel for each pair of `rows` and `columns`, titled by both; each row is `height` inches tall."""
    figure = Figure(figsize=(WIDTH if len(columns) > 1 else 4.6, height * len(rows) + 0.7))
    axes = figure.subplots(len(rows), len(columns), squeeze=False, **options)
    for index, (row, line_of_axes) in enumerate(zip(rows, axes, strict=True)):
        for column, axis in zip(columns, line_of_axes, strict=True):
            if row or index == 0:
                axis.set_title(", ".join(filter(None, (row, column))))
            sns.despine(ax=axis)
    return figure, axes.tolist()


def legend(figure: Figure, encoding: Encoding, shown: Collection[str]) -> None:
    """Explains the styles of the mechanisms that are shown, below the panels, for which it makes room."""
    entries = [entry for entry in encoding.legend if not entry.mechanisms.isdisjoint(shown)]
    handles = [Line2D([], [], **line(entry.style)) for entry in entries]
    names = [entry.text for entry in entries]
    longest = max(map(len, names), default=1)
    columns = max(1, min(len(names), round(figure.get_figwidth() * 14 / (longest + 7))))
    figure.set_figheight(figure.get_figheight() + LINE * max(0, -(-len(names) // columns) - ROOM))
    figure.legend(handles, names, loc="outside lower center", ncols=columns, frameon=False)


def line(style: Style) -> dict[str, Any]:
    """A style as matplotlib's arguments for a line with markers."""
    marker = {"marker": style.marker or None, "fillstyle": style.fill, "markerfacecoloralt": "white"}
    return {"color": style.colour, "linestyle": style.dash or "none", "markeredgewidth": 0.9} | marker
