"""A document with every kind of block, for the tests of the output formats."""

from attnbench.report.document import (
    Bullets,
    Code,
    Column,
    Document,
    Drawing,
    Figure,
    Paragraph,
    Section,
    Table,
    Viewer,
    fixed,
)
from attnbench.report.statistics import Estimate

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="72pt" height="36pt"><rect width="72" height="36"/></svg>'
HOSTILE = r"50 % of a_b | $x^2$ & #1 {c} <d> \e ~ * [f](g) `h`"


def table(rows: int = 3, *, collapsed: bool = False) -> Table:
    columns = (Column("Mechanism"), Column("BLEU", fixed(1)), Column("Error_rate", fixed(2)), Column("Text", wide=True))
    body = tuple((f"m{i}", Estimate(70.04 + i, 68.0, 72.25, 3), None, HOSTILE) for i in range(rows))
    return Table("quality", f"The caption: {HOSTILE}", columns, body, collapsed)


def document(*blocks: Table) -> Document:
    figure = Figure("bleu", "BLEU by mechanism.", "A dot plot.", Drawing(SVG, b"PNG"))
    words = (
        Paragraph(f"See Figure 1 and Table 1, but not Figure 9. {HOSTILE}"),
        Bullets(("one", HOSTILE)),
        Code("a ``` b\n$ c"),
        Viewer("viewer", "Explore.", {"runs": []}),
    )
    return Document("A & B", "2026-01-02", (Section("Quality", (*words, figure, *(blocks or (table(),)))),))
