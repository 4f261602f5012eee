"""The basis of all figures: theme, panels, legend, text on hover, and the output as SVG and PNG."""

import io
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec

import matplotlib
import seaborn as sns
from matplotlib import font_manager
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.container import Container
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullLocator

from attnbench.report.document import Drawing
from attnbench.report.study.styles import (
    ANY,
    GRID,
    INK,
    PALE,
    Encoding,
    Style,
)

__all__ = ["GRID", "INK", "PALE"]  # for the page, which maps neutral colours to a dark theme

ENTRIES = 24  # of a legend, at most
LINE, ROOM = 0.16, 1  # of a legend: inches for a line, and lines for which a figure has room
ROW_NAME = 44  # letters of a row's name, at most
WIDTH = 6.5  # inches: the text width of an A4 page
NARROW = 4.6  # inches: of a figure with one panel
DPI = 200  # of the PNG
SAID, APART = "said:", "␟"  # in the id of an artist: its start, and what stands between mechanism and text on hover
PANEL = "panel:"  # start of the id of a panel, before its title
P = ParamSpec("P")

# Tried in this order for each glyph. Fonts that are not installed are left out: matplotlib would warn of each.
FONTS = ("DejaVu Sans", "Noto Sans CJK SC", "Noto Sans SC", "WenQuanYi Micro Hei", "PingFang SC", "Microsoft YaHei")

THEME = {
    "axes.edgecolor": PALE,
    "axes.titlelocation": "left",
    "figure.constrained_layout.use": True,
    "figure.dpi": DPI,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.2,
    "lines.markersize": 4.5,
    "text.hinting": "no_hinting",  # letters then have the same width in PNG and SVG
    "text.parse_math": False,  # names come from the user and may have dollar signs
    "svg.fonttype": "path",  # the same letters in every browser and in the PDF
    "svg.hashsalt": "attnbench",  # the same file for the same records
}


def drawn(draw: Callable[P, Figure]) -> Callable[P, Drawing]:
    """Turns a function that composes a figure into one that draws it with the theme."""

    @wraps(draw)
    def render(*args: P.args, **kwargs: P.kwargs) -> Drawing:
        with _theme():
            figure = draw(*args, **kwargs)
            settle(figure)
            for axis in figure.axes:
                axis.set_gid(PANEL + axis.get_title("left"))
            svg = _saved(figure, format="svg", metadata={"Date": None, "Creator": None}).decode()
            png = _saved(figure, format="png", metadata={"Software": None})
        svg = re.sub(rf"""id=(["']){SAID}(.*?)\1""", _attributes, svg)
        return Drawing(_compact(re.sub(rf"""id=(["']){PANEL}(.*?)\1""", _panel, svg)), png)

    return render


def settle(figure: Figure) -> None:
    """Gives everything its final place, so that later additions find it there."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")


def tip(artist: Artist | Container, text: str, of: str = "") -> None:
    """Gives an artist a text on hover, and says of which mechanism it is.

    In the SVG, its group has both as the attributes `data-tip` and `data-of`. A text that begins with the name has no
    `data-of`: a large report has many.
    """
    for each in artist.get_children() if isinstance(artist, Container) else [artist]:
        each.set_gid(f"{SAID}{of}{APART}{text}")


def name_of(artist: Artist, mechanism: str) -> None:
    """Says that an artist is the name of a mechanism: in the SVG, its group has the attribute `data-of`."""
    artist.set_gid(f"{SAID}{mechanism}{APART}")


def can_write(text: str) -> bool:
    """Whether the installed fonts have a glyph for every letter of `text`."""
    names = [font for font in FONTS if font in font_manager.get_font_names()]
    charmaps = [font_manager.get_font(font_manager.findfont(name)).get_charmap() for name in names]
    return all(any(ord(letter) in charmap for charmap in charmaps) for letter in text)


def panels(
    rows: Sequence[str], columns: Sequence[str], height: float, **options: Any
) -> tuple[Figure, list[list[Axes]]]:
    """A figure with a panel for each pair of `rows` and `columns`, with both as its title. A row is `height` inches
    tall.
    """
    figure = Figure(figsize=(WIDTH if len(columns) > 1 else NARROW, height * len(rows) + 0.7))
    axes = figure.subplots(len(rows), len(columns), squeeze=False, **options)
    for index, (row, line_of_axes) in enumerate(zip(rows, axes, strict=True)):
        for column, axis in zip(columns, line_of_axes, strict=True):
            if row or index == 0:
                axis.set_title(", ".join(filter(None, (row, column))))
            sns.despine(ax=axis)
    return figure, axes.tolist()


def grid(count: int, across: int, height: float, **options: Any) -> tuple[Figure, list[Axes]]:
    """A figure with `count` panels, at most `across` in a row. A row is `height` inches tall."""
    columns = min(across, count)
    rows = -(-count // columns)
    figure = Figure(figsize=(WIDTH if columns > 1 else NARROW, height * rows + 0.5))
    axes = list(figure.subplots(rows, columns, squeeze=False, **options).flat)
    for axis in axes[count:]:
        axis.remove()
    for axis in axes[max(0, count - columns) : count]:  # nothing stands below
        axis.tick_params(labelbottom=True)
    for axis in axes[:count]:
        sns.despine(ax=axis)
    return figure, axes[:count]


def label_outer(figure: Figure, axes: Sequence[Axes], across: int) -> None:
    """Writes the names of shared axes once: at the left of the figure, and below the last panel of each column."""
    figure.supylabel(axes[0].get_ylabel(), fontsize=axes[0].yaxis.label.get_fontsize())
    for index, axis in enumerate(axes):
        axis.set_xlabel("" if index + across < len(axes) else axis.get_xlabel())
        axis.set_ylabel("")


def name_rows(axis: Axes, names: Sequence[str], mechanisms: Sequence[str] = ()) -> None:
    """Names the rows of a dot plot or of bars: 0, 1, 2, … from the top. They may be names of `mechanisms`."""
    axis.set_yticks(range(len(names)), [short(name, ROW_NAME) for name in names])
    axis.set_ylim(len(names) - 0.4, -0.6)
    for text, mechanism in zip(axis.get_yticklabels(), mechanisms, strict=False):
        name_of(text, mechanism)


def short(name: str, most: int) -> str:
    """Shortens a name to about `most` letters.

    The groups of settings are removed first, such as in "training.dropout 0.1", then the middle of the name.
    """
    name = name if len(name) <= most else re.sub(r"\b\w+\.(?=[a-z])", "", name)
    half = most // 2
    return name if len(name) <= most else f"{name[:half].rstrip(' ·')}…{name[-half:].lstrip(' ·')}"


def legend(figure: Figure, encoding: Encoding, shown: Collection[str]) -> None:
    """Explains the styles of the mechanisms that are shown, below the panels. The figure grows to make room.

    If the legend would need more room than the figure, it explains the colours only.
    """
    entries = [entry for entry in encoding.legend if not entry.mechanisms.isdisjoint(shown)]
    if len(entries) > ENTRIES:
        entries = [entry for entry in entries if entry.style.colour != ANY]
    handles = [Line2D([], [], **line(entry.style)) for entry in entries]
    names = [entry.text for entry in entries]
    longest = max(map(len, names), default=1)
    columns = max(1, min(len(names), round(figure.get_figwidth() * 14 / (longest + 7))))
    figure.set_figheight(figure.get_figheight() + LINE * max(0, -(-len(names) // columns) - ROOM))
    box = figure.legend(handles, names, loc="outside lower center", ncols=columns, frameon=False)
    for text, entry in zip(box.get_texts(), entries, strict=True):
        if len(entry.mechanisms) == 1:
            name_of(text, *entry.mechanisms)


def line(style: Style) -> dict[str, Any]:
    """A style, as matplotlib's arguments for a line with markers."""
    marker = {"marker": style.marker or None, "fillstyle": style.fill, "markerfacecoloralt": "white"}
    return {"color": style.colour, "linestyle": style.dash or "none", "markeredgewidth": 0.9} | marker


def point(style: Style) -> dict[str, Any]:
    """A style, as matplotlib's arguments for a marker alone."""
    return line(style) | {"linestyle": "none"}


def lengths_axis(axis: Axes, lengths: Sequence[float]) -> None:
    """A logarithmic axis of lengths, with ticks at the given lengths, or at as many of them as fit."""
    values_axis(axis, lengths, "{x:.0f}")


def values_axis(axis: Axes, values: Sequence[float], text: str = "{x:g}") -> None:
    """A logarithmic axis of values, with ticks at the given values, or at as many of them as fit."""
    axis.set_xscale("log")
    said = sorted(values)[:: -(-len(values) // 6)] if len(values) > 6 else sorted(values)
    axis.xaxis.set_major_locator(FixedLocator(said))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.xaxis.set_major_formatter(text)


def plain_log_axis(axis: Axes, which: str) -> None:
    """A logarithmic axis (`which` is x or y) for everything drawn so far, with plain numbers: 0.01, 1, 1,000."""
    axis.set(**{f"{which}scale": "log"})
    side = axis.xaxis if which == "x" else axis.yaxis
    low, high = side.get_view_interval()
    side.set_major_locator(LogLocator(numticks=7) if high > 30 * low else MaxNLocator(5))
    side.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    side.set_minor_locator(NullLocator())


def _attributes(found: re.Match[str]) -> str:
    """The attributes for an id, which matplotlib has escaped and put in quotes of either kind."""
    of, _, text = found[2].replace('"', "&quot;").partition(APART)
    begins = text.startswith((f"{of}: ", f"{of}, ")) or text == of
    given = {"data-of": "" if begins else of, "data-tip": text}
    return " ".join(f'{name}="{value}"' for name, value in given.items() if value)


def _panel(found: re.Match[str]) -> str:
    title = found[2].replace('"', "&quot;")
    return f'data-panel="{title}"'


def _compact(svg: str) -> str:
    """Half of the text, with the same pixels: coordinates in hundredths of a point, short glyph names, no indents."""
    places = r"""\b(?:d|x|y)="[^"]*"|translate\([^)]*\)"""
    svg = re.sub(places, lambda found: re.sub(r"(\.\d\d)\d+", r"\1", found[0]), svg)
    svg = re.sub(r'(?<=[#"])[A-Z]\w*(?=-[0-9a-f]+")', lambda font: re.sub("[^A-Z]", "", font[0]), svg)
    return re.sub(r"\s*\n\s*", "\n", svg)


@contextmanager
def _theme() -> Iterator[None]:
    text = {"text.color": INK, "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK}
    sizes = {"font.size": 8, "axes.titlesize": 8.5, "axes.labelsize": 8, "legend.fontsize": 7.5}
    sizes |= {"xtick.labelsize": 7.5, "ytick.labelsize": 7.5}
    fonts = {"font.family": [font for font in FONTS if font in font_manager.get_font_names()]}
    theme: dict[Any, Any] = {**sns.axes_style("whitegrid"), **THEME, **text, **sizes, **fonts}
    with matplotlib.rc_context(theme):
        yield


def _saved(figure: Figure, **options: Any) -> bytes:
    target = io.BytesIO()
    figure.savefig(target, dpi=DPI, **options)
    return target.getvalue()
