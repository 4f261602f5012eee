"""From a document to the files of a report."""

import csv
import io
from pathlib import Path
from tempfile import TemporaryDirectory

from attnbench.errors import UserError
from attnbench.files import DRAFT
from attnbench.report.document import CellValue, Document, Table
from attnbench.report.pages.html import page
from attnbench.report.pages.latex import latex
from attnbench.report.pages.markdown import markdown
from attnbench.report.pages.pdf import paper
from attnbench.report.statistics import Estimate

INDEX = "index.html"
FORMS = {"tables": (".csv", ".tex"), "figures": (".svg", ".png")}  # the folders of a report, and the files in them


def write(content: Document, destination: Path) -> Path:
    """Writes a document in all its forms. Returns the path of `index.html`.

    Everything is written to a folder of drafts before the first file of an earlier report is replaced. Tables and
    figures of the earlier report that the new one does not have are removed.

    Raises:
        UserError: the folder cannot be written to.
    """
    try:
        destination.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".", suffix=DRAFT, dir=destination) as drafts:
            _write(content, Path(drafts))
            _replace(Path(drafts), destination)
    except OSError as error:
        raise UserError(f"{destination}: the report cannot be written: {error.strerror}") from error
    return destination / INDEX


def _write(content: Document, folder: Path) -> None:
    for name in FORMS:
        (folder / name).mkdir()
    for table in content.tables():
        (folder / "tables" / f"{table.name}.csv").write_bytes(_csv(table).encode())
        (folder / "tables" / f"{table.name}.tex").write_bytes(latex(table).encode())
    for figure in content.figures():
        (folder / "figures" / f"{figure.name}.svg").write_bytes(figure.drawing.svg.encode())
        (folder / "figures" / f"{figure.name}.png").write_bytes(figure.drawing.png)
    (folder / "report.pdf").write_bytes(paper(content))
    (folder / "report.md").write_bytes(markdown(content).encode())
    (folder / INDEX).write_bytes(page(content).encode())


def _replace(drafts: Path, destination: Path) -> None:
    """Moves the files of a report to their folder, the index last, and removes those that only an earlier one had."""
    files = [path.relative_to(drafts) for path in drafts.rglob("*") if path.is_file()]
    for file in sorted(files, key=lambda file: file.name == INDEX):
        (destination / file).parent.mkdir(exist_ok=True)
        (drafts / file).replace(destination / file)
    for folder, endings in FORMS.items():
        for path in (destination / folder).glob("*"):
            if path.suffix in endings and path.relative_to(destination) not in files:
                path.unlink()


def _csv(table: Table) -> str:
    """All digits of a table. An estimate becomes three columns."""
    intervals = [any(isinstance(row[i], Estimate) for row in table.rows) for i in range(len(table.columns))]
    head = []
    for column, interval in zip(table.columns, intervals, strict=True):
        head += [column.title, f"{column.title} low", f"{column.title} high"] if interval else [column.title]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(head)
    for row in table.rows:
        writer.writerow([value for cell, wide in zip(row, intervals, strict=True) for value in _values(cell, wide)])
    return text.getvalue()


def _values(cell: CellValue, interval: bool) -> list[str | int | float | None]:
    """One value, or three in a column of estimates; a cell without bounds leaves two of them empty."""
    if isinstance(cell, Estimate):
        return [cell.value, cell.low, cell.high] if cell.known else [cell.value, None, None]
    return [cell, None, None] if interval else [cell]
