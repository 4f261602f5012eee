"""What each factor does, from a linear model with interactions."""

from collections.abc import Iterator

from attnbench.report.analysis import Analysis
from attnbench.report.document import (
    Block,
    Bullets,
    CellValue,
    Column,
    Table,
    fixed,
    significant,
    without_empty,
)
from attnbench.report.responses import Response
from attnbench.report.statistics import Effects
from attnbench.report.tables.quality import p_value

MAX_MISSING_CELLS = 12  # missing cells that are named


def terms(response: Response) -> Table:
    """A row for each factor or pair of factors, the largest share of variance first."""
    found = response.effects
    rows: list[tuple[CellValue, ...]] = []
    for term in sorted(found.terms, key=lambda term: -term.share):
        rows.append((term.name, term.degrees, 100 * term.share, term.f, term.adjusted_p))
    rows.append(("not explained", found.residual_degrees, 100 * found.residual_share, None, None))
    if found.overlap_share:
        rows.append(("overlap", None, 100 * found.overlap_share, None, None))
    columns = (
        Column("Factor"),
        Column("Degrees of freedom", fixed(0)),
        Column("Share of variance (%)", fixed(1)),
        Column("F", significant),
        Column("p, Holm", p_value),
    )
    scale = f"the logarithm of the {response.title}" if response.logarithmic else response.title
    caption = (
        f"What explains {scale} over {found.jobs} {_unit(response)}, in a linear model of all factors and the "
        "pairs of factors that the grid can separate: shares of the total sum of squares (type II)."
    )
    if response.logarithmic:
        caption += " A mechanism counts once in a condition: its jobs share what was measured. No term is tested."
    if found.overlap_share:
        caption += (
            " Overlap: in an unbalanced grid, what several terms could explain; below 0, what they explain twice."
        )
    return without_empty(Table(f"effects_{response.name}", caption, columns, tuple(rows)))


def means(response: Response) -> Table:
    """A row for each level of a factor: the mean over a balanced grid of all other factors."""
    rows: list[tuple[CellValue, ...]] = []
    for each in response.effects.means:
        rows.append((each.factor, each.level, each.mean and response.scaled(each.mean), each.jobs))
    show = significant if response.logarithmic else fixed(1)
    title = response.title[0].upper() + response.title[1:]
    columns = (Column("Factor"), Column("Level"), Column(title, show), Column(_unit(response).capitalize(), fixed(0)))
    kind = "Geometric means of the" if response.logarithmic else "Means of"
    caption = (
        f"{kind} {response.title} by level, from the model, with equal weight for all levels of the other factors. The "
        "95 % intervals are from what the model does not explain."
    )
    return Table(f"means_{response.name}", caption, columns, tuple(rows), collapsed=True)


def tables(analysis: Analysis) -> Iterator[Block]:
    """Both tables of each response, and what the model had to leave out."""
    for response in analysis.responses:
        yield terms(response)
        if notes := tuple(filter(None, (*response.effects.notes, _missing(response.effects)))):
            yield Bullets(notes)
        yield means(response)


def _unit(response: Response) -> str:
    return "mechanisms" if response.logarithmic else "jobs"


def _missing(found: Effects) -> str:
    if not found.missing_cells:
        return ""
    cells = ["/".join(level for _, level in cell) for cell in found.missing[:MAX_MISSING_CELLS]]
    more = f", and {found.missing_cells - len(cells):,} more" if found.missing_cells > len(cells) else ""
    return (
        f"Of the {found.cells:,} cells of the full grid {found.missing_cells:,} are missing: {', '.join(cells)}{more}."
    )
