"""From records to files."""

import csv
from collections.abc import Sequence
from pathlib import Path

from attnbench.errors import UserError
from attnbench.record import Record
from attnbench.report.contents import document
from attnbench.report.document import Cell, Table
from attnbench.report.page import page
from attnbench.report.paper import paper
from attnbench.report.statistics import Estimate
from attnbench.report.study import study


def build(
    records: Sequence[Record], destination: Path, *, title: str, command: str, broken: Sequence[str] = ()
) -> Path:
    """Writes `index.html`, `report.pdf`, `tables/*.csv` and `figures/*.svg` below `destination`.

    Args:
        command: what the user ran to get these records; the report shows it.
        broken: a line on each file that is no record; the report lists them.

    Returns:
        The path of `index.html`.

    Raises:
        UserError: there are no records.
    """
    if not records:
        unreadable = f"; {len(broken)} could not be read: {broken[0]}" if broken else ""
        raise UserError(f"no records to report on{unreadable}. Run a job first: python -m attnbench train")
    content = document(study(records), title=title, command=command, broken=broken)
    for folder in ("tables", "figures"):
        (destination / folder).mkdir(parents=True, exist_ok=True)
    for table in content.tables():
        _write_csv(table, destination / "tables" / f"{table.name}.csv")
    for figure in content.figures():
        (destination / "figures" / f"{figure.name}.svg").write_text(figure.svg, encoding="utf-8")
    (destination / "report.pdf").write_bytes(paper(content))
    index = destination / "index.html"
    index.write_text(page(content), encoding="utf-8")
    return index


def _write_csv(table: Table, path: Path) -> None:
    """All digits; an estimate becomes three columns."""
    intervals = [any(isinstance(row[i], Estimate) for row in table.rows) for i in range(len(table.columns))]
    head = []
    for column, interval in zip(table.columns, intervals, strict=True):
        head += [column.title, f"{column.title} low", f"{column.title} high"] if interval else [column.title]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        writer.writerows([value for cell in row for value in _values(cell)] for row in table.rows)


def _values(cell: Cell) -> list[str | int | float | None]:
    return [cell.value, cell.low, cell.high] if isinstance(cell, Estimate) else [cell]
