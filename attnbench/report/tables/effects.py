"""What each factor does: from a linear model with interactions, or from pairs of cells that differ in one factor."""

from collections.abc import Iterator

from attnbench.report.analysis import LEVEL, Analysis
from attnbench.report.document import (
    Block,
    Bullets,
    CellValue,
    Column,
    Table,
    fixed,
    signed,
    significant,
    without_empty,
)
from attnbench.report.statistics import Effects
from attnbench.report.tables.quality import p_value

MAX_MISSING_CELLS = 12  # missing cells that are named


def tables(found: Effects) -> Iterator[Block]:
    """Shares of variance, marginal means, and what the model had to leave out."""
    yield terms(found)
    if notes := tuple(filter(None, (*found.notes, _missing(found)))):
        yield Bullets(notes)
    yield means(found)


def terms(found: Effects) -> Table:
    """A row for each factor or pair of factors, the largest share of variance first."""
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
    caption = (
        f"What explains BLEU over {found.jobs} jobs, in a linear model of all factors and the pairs of factors that "
        "the grid can separate: shares of the total sum of squares (type II)."
    )
    if found.overlap_share:
        caption += (
            " Overlap: in an unbalanced grid, what several terms could explain; below 0, what they explain twice."
        )
    return without_empty(Table("effects", caption, columns, tuple(rows)))


def means(found: Effects) -> Table:
    """A row for each level of a factor: the mean over a balanced grid of all other factors."""
    rows = tuple((each.factor, each.level, each.mean, each.jobs) for each in found.means)
    columns = (Column("Factor"), Column("Level"), Column("BLEU", fixed(1)), Column("Jobs", fixed(0)))
    caption = (
        "Means of BLEU by level, from the model, with equal weight for all levels of the other factors. The 95 % "
        "intervals are from what the model does not explain. A dash: the jobs cannot tell, or the mean of the model is "
        "outside of all that was seen."
    )
    return Table("means", caption, columns, rows, collapsed=True)


def contrasts(analysis: Analysis) -> Iterator[Table]:
    """A row for each pair of mechanisms that differ in one factor; nothing if there are none."""
    rows: list[tuple[CellValue, ...]] = []
    for each in analysis.contrasts:
        change = (each.factor, *each.levels, each.condition, each.start)
        rows.append((*change, each.comparison.difference, each.adjusted_p))
    if not rows:
        return
    columns = (
        Column("Factor"),
        Column("From"),
        Column("To"),
        Column("Condition"),
        Column("Changed in"),
        Column("Δ BLEU", signed),
        Column("p, Holm", p_value),
    )
    caption = (
        f"{_reason(analysis.effects)} So here are the pairs of mechanisms that differ in one factor: what the change "
        f"of the factor does to BLEU, with a 95 % interval. p is corrected by Holm over the table; * marks p < {LEVEL}."
    )
    yield without_empty(Table("contrasts", caption, columns, tuple(rows)))


def _reason(found: Effects | None) -> str:
    """Why there is no linear model."""
    if found and 2 * found.missing_cells > found.cells:
        return (
            f"The full grid of all factors has {found.cells:,} cells, and {found.missing_cells:,} of them are missing. "
            "It cannot tell what each factor does."
        )
    return "This grid cannot tell what each factor does."


def _missing(found: Effects) -> str:
    if not found.missing_cells:
        return ""
    cells = ["/".join(level for _, level in cell) for cell in found.missing[:MAX_MISSING_CELLS]]
    more = f", and {found.missing_cells - len(cells):,} more" if found.missing_cells > len(cells) else ""
    return (
        f"Of the {found.cells:,} cells of the full grid {found.missing_cells:,} are missing: {', '.join(cells)}{more}."
    )
