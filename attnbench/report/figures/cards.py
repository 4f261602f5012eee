"""The card of each mechanism: what it is, how it looks in figures, and its weights in one sentence."""

import re
from collections.abc import Iterator, Mapping
from html import escape
from itertools import groupby

import numpy as np
from matplotlib.markers import MarkerStyle
from matplotlib.path import Path
from matplotlib.transforms import Affine2D

from attnbench.record import Alignment
from attnbench.report.document import Card, Cards
from attnbench.report.study.explanation import Explanations, Factors, parts, plain_name
from attnbench.report.study.naming import mechanism, natural_key
from attnbench.report.study.shared_sentence import shared_sentence
from attnbench.report.study.study import Study, evenly_spaced
from attnbench.report.study.styles import Style

CARDS = 240  # mechanisms
LEVELS = 5  # of a weight in a picture
INK = "#0b5394"  # of a picture
WIDE, TALL, RADIUS = 34, 12, 4  # of a sign, in pixels


def cards(study: Study, explanations: Explanations) -> Iterator[Cards]:
    """A card for each mechanism, in the order of the legend."""
    factors = {
        name: mechanism(record) for record, name in reversed([*zip(study.records, study.mechanism, strict=True)])
    }
    shown = evenly_spaced([name for name in study.encoding.styles if name in factors], CARDS)
    shared = shared_sentence(study)
    pictured = [name for name in shown if shared and name in shared.jobs]
    alignments = {name: shared.alignment(study, name) for name in pictured} if shared else {}
    items = [_card(name, factors, explanations, study.encoding.styles[name], alignments.get(name)) for name in shown]
    caption = ""
    if shared and any(card.picture for card in items):
        caption = (
            f"The pictures show the weights in the sentence “{shared.text}”: source tokens across, target "
            "tokens down, darker is more weight. They are means over all layers and heads."
        )
    if len(shown) < len(factors):
        caption += f" Of {len(factors):,} mechanisms, {len(shown)} are here, spread evenly over their names."
    yield Cards(caption, tuple(items), tuple(sorted(set(study.condition), key=natural_key)))


def _card(
    name: str, factors: Mapping[str, Factors], explanations: Explanations, style: Style, alignment: Alignment | None
) -> Card:
    mine = factors[name]
    told = parts(mine, [*factors.values()], explanations)
    texts = {key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in mine.items()}
    words = dict.fromkeys([*re.findall(r"[^\s·]+", name), *(f"{key}={text}" for key, text in texts.items())])
    return Card(
        name=name,
        plain=plain_name(mine, explanations),
        parts=tuple((part.choice, part.explanation.formula, part.explanation.source) for part in told),
        words=tuple(words),
        sign=sign(style),
        picture=picture(np.mean(alignment.weights, axis=(0, 1))) if alignment and alignment.weights else "",
    )


def sign(style: Style) -> str:
    """The line and the marker of a style, as SVG."""
    middle, half = WIDE / 2, TALL / 2
    looks = f'stroke="{style.colour}" stroke-width="1.6"'
    dashes = "" if isinstance(style.dash, str) else ",".join(f"{1.6 * length:g}" for length in style.dash[1])
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    shape = MarkerStyle(style.marker or "o", "full")
    place = Affine2D().scale(2 * RADIUS, -2 * RADIUS).translate(middle, half)
    outline = shape.get_path().transformed(shape.get_transform() + place)
    fill = style.colour if style.fill == "full" else "none"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDE}" height="{TALL}" viewBox="0 0 {WIDE} {TALL}">'
        f'<path d="M0 {half}H{WIDE}" {looks}{dashed}/>'
        f'<path d="{_drawn(outline)}" fill="{escape(fill)}" {looks}/></svg>'
    )


def picture(weights: np.ndarray) -> str:
    """A heat map of weights `(T, S)` without any text, as SVG. Weights below half a level are left out."""
    rows, columns = weights.shape
    cells: dict[int, str] = {}  # by level, a path: neighbours in a row are one piece
    for y, row in enumerate(np.rint(LEVELS * np.clip(weights, 0, 1)).astype(int).tolist()):
        x = 0
        for level, group in groupby(row):
            count = len(list(group))
            cells[level] = f"{cells.get(level, '')}M{x} {y}h{count}v1h-{count}z"
            x += count
    paths = [f'<path d="{cells[level]}" opacity="{level / LEVELS:g}"/>' for level in sorted(cells) if level]
    frame = f'<path d="M0 0H{columns}V{rows}H0z" fill="none" stroke="currentColor" stroke-width="0.1"/>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {columns} {rows}" preserveAspectRatio="none" '
        f'width="64" height="64" color="{INK}" fill="currentColor">{"".join(paths)}{frame}</svg>'
    )


def _drawn(path: Path) -> str:
    """The polygons of a path, as SVG. Curves become short lines."""
    outlines = path.to_polygons(closed_only=False)
    return "".join("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in np.asarray(each)) for each in outlines)
