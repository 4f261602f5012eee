"""A report replaces an earlier one as a whole, or leaves it as it was."""

from pathlib import Path

import pytest

from attnbench.errors import UserError
from attnbench.report.document import Column, Document, Drawing, Figure, Section, Table
from attnbench.report.writing import write


def document(name: str) -> Document:
    """A document with one table and one figure, both called `name`."""
    table = Table(name, "Caption.", (Column("A"),), (("1",),))
    drawing = Drawing('<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>', b"png")
    return Document(name, "2026-01-02", (Section("S", (table, Figure(name, "Caption.", "Alt", drawing))),))


def contents(folder: Path) -> dict[Path, bytes]:
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_nothing_is_left_of_an_earlier_report_but_files_of_the_users_own(tmp_path: Path) -> None:
    write(document("first"), tmp_path / "twice")
    (tmp_path / "twice" / "notes.txt").write_text("mine")
    (tmp_path / "twice" / "figures" / "mine.pdf").write_text("mine")
    assert write(document("second"), tmp_path / "twice") == tmp_path / "twice" / "index.html"
    write(document("second"), tmp_path / "once")
    mine = {Path("notes.txt"): b"mine", Path("figures/mine.pdf"): b"mine"}
    assert contents(tmp_path / "twice") == contents(tmp_path / "once") | mine
    assert not list((tmp_path / "twice").glob(".*"))


def test_a_report_may_have_neither_tables_nor_figures(tmp_path: Path) -> None:
    write(Document("T", "2026-01-02", ()), tmp_path / "report")
    assert set(contents(tmp_path / "report")) == {Path("index.html"), Path("report.md"), Path("report.pdf")}


def test_a_report_that_fails_leaves_the_earlier_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(document("first"), tmp_path / "report")
    before = contents(tmp_path / "report")

    def fails(content: Document) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("attnbench.report.writing.page", fails)
    with pytest.raises(UserError, match="report: the report cannot be written: No space left on device"):
        write(document("second"), tmp_path / "report")
    assert contents(tmp_path / "report") == before
    assert {path.name for path in (tmp_path / "report").iterdir()} == {path.parts[0] for path in before}


def test_the_index_is_the_last_file_that_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replaced: list[str] = []
    replace = Path.replace

    def noted(self: Path, target: Path) -> Path:
        replaced.append(target.name)
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", noted)
    write(document("first"), tmp_path)
    assert replaced[-1] == "index.html" and len(replaced) == len(contents(tmp_path))


def test_a_file_in_the_place_of_the_folder_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("")
    with pytest.raises(UserError, match="reports/x: the report cannot be written: Not a directory"):
        write(document("first"), tmp_path / "reports" / "x")
