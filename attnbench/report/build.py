"""From records to the files of a report."""

import csv
from collections.abc import Sequence
from pathlib import Path

from attnbench.errors import UserError
from attnbench.record import Record
from attnbench.report.analysis import Analysis
from attnbench.report.document import CellValue, Document, Table
from attnbench.report.pages.html import page
from attnbench.report.pages.latex import latex
from attnbench.report.pages.markdown import markdown
from attnbench.report.pages.pdf import paper
from attnbench.report.sections import build_document
from attnbench.report.statistics import Estimate
from attnbench.report.study.compact_record import CompactRecord
from attnbench.report.study.study import study


def build(
    records: Sequence[Record | CompactRecord],
    destination: Path,
    *,
    title: str,
    command: str,
    broken: Sequence[str] = (),
    outdated: int = 0,
    baseline: str | None = None,
) -> Path:
    """Writes `index.html`, `report.pdf`, `report.md`, `tables/*.csv`, `tables/*.tex` and `figures/*` to `destination`.

    Args:
        records: of the jobs to report on.
        destination: a folder. It is made if there is none.
        title: of the report.
        command: what the user ran to get these records. The report shows it.
        broken: a line for each file that is not a record. The report lists them.
        outdated: how many records were left out, because another record of the same job is used.
        baseline: words that name the mechanism with which others are compared.

    Returns:
        The path of `index.html`.

    Raises:
        UserError: there are no records, or no mechanism has the words of the baseline.
    """
    if not records:
        unreadable = f"; {len(broken)} could not be read: {broken[0]}" if broken else ""
        raise UserError(f"no records to report on{unreadable}. Run a job first: python -m attnbench train")
    # The statistics are freed before the document is written: thousands of records fill the memory.
    content = build_document(
        Analysis(study(records, baseline)), title=title, command=command, broken=broken, outdated=outdated
    )
    return write(content, destination)


def write(content: Document, destination: Path) -> Path:
    """Writes a document in all its forms. Returns the path of `index.html`."""
    for folder in ("tables", "figures"):
        (destination / folder).mkdir(parents=True, exist_ok=True)
    for table in content.tables():
        _write_csv(table, destination / "tables" / f"{table.name}.csv")
        (destination / "tables" / f"{table.name}.tex").write_text(latex(table), encoding="utf-8")
    for figure in content.figures():
        (destination / "figures" / f"{figure.name}.svg").write_text(figure.drawing.svg, encoding="utf-8")
        (destination / "figures" / f"{figure.name}.png").write_bytes(figure.drawing.png)
    (destination / "report.pdf").write_bytes(paper(content))
    (destination / "report.md").write_text(markdown(content), encoding="utf-8")
    index = destination / "index.html"
    index.write_text(page(content), encoding="utf-8")
    return index


def _write_csv(table: Table, path: Path) -> None:
    """Writes all digits. An estimate becomes three columns."""
    intervals = [any(isinstance(row[i], Estimate) for row in table.rows) for i in range(len(table.columns))]
    head = []
    for column, interval in zip(table.columns, intervals, strict=True):
        head += [column.title, f"{column.title} low", f"{column.title} high"] if interval else [column.title]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        for row in table.rows:
            writer.writerow([value for cell, wide in zip(row, intervals, strict=True) for value in _values(cell, wide)])


def _values(cell: CellValue, interval: bool) -> list[str | int | float | None]:
    """One value, or three in a column of estimates; a cell without bounds leaves two of them empty."""
    if isinstance(cell, Estimate):
        return [cell.value, cell.low, cell.high]
    return [cell, None, None] if interval else [cell]
