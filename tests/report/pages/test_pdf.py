"""The report as PDF."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from attnbench.report.document import Column, Document, Section, Table
from attnbench.report.pages.pdf import APPENDIX, paper, printed
from tests.report.pages.papers import document, table

HASH = "import hashlib; from tests.report.pages import papers; from attnbench.report.pages.pdf import paper; "
HASH += "print(hashlib.sha256(paper(papers.document())).hexdigest())"


def test_its_fonts_are_embedded() -> None:
    pdf = paper(document())
    assert pdf.startswith(b"%PDF")
    assert b"/FontFile" in pdf


@pytest.mark.slow
def test_the_same_bytes_in_another_process_and_place(tmp_path: Path) -> None:
    path = str(Path(__file__).parents[3])
    hashes = set()
    for seed in ("1", "2"):
        (place := tmp_path / seed).mkdir()
        environment = {**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": seed}
        run = subprocess.run([sys.executable, "-c", HASH], cwd=place, env=environment, capture_output=True, check=True)
        hashes.add(run.stdout)
    assert len(hashes) == 1


def test_mentions_lead_to_what_they_name() -> None:
    assert paper(document()).count(b"/Subtype/Link") >= 2


@pytest.mark.parametrize("rows", [13, 400])
def test_long_tables_are_set(rows: int) -> None:
    assert paper(document(table(rows))).count(b"/Type/Page") > 1


def test_of_a_very_wide_table_the_first_columns_are_printed_and_the_others_named(tmp_path: Path) -> None:
    columns = tuple(Column(f"A column with a long title, number {i}") for i in range(12))
    wide = Table("wide", "Caption.", columns, (tuple(f"cell {i}" for i in range(12)),))
    text = _text(tmp_path, paper(Document("T", "2026-01-02", (Section("S", (wide,)),))))
    assert "cell 0" in text
    assert "cell 11" not in text
    assert "Further columns are in tables/wide.csv" in text
    assert "number 11." in text


def test_a_table_over_pages_has_five_rows_on_each_side(tmp_path: Path) -> None:
    for rows in (40, 47, 55, 63):
        found = _text(tmp_path, paper(document(table(rows)))).split("\f")
        counts = [len(set(re.findall(r"\bm\d+\b", page))) for page in found]
        assert sum(counts) == rows
        assert all(count >= 5 for count in counts if count), f"{rows} rows: {counts}"


def _text(folder: Path, pdf: bytes) -> str:
    if (reader := shutil.which("pdftotext")) is None:
        pytest.skip("the text of a PDF is read with pdftotext, which is not installed")
    (folder / "a.pdf").write_bytes(pdf)
    run = subprocess.run([reader, "-layout", folder / "a.pdf", "-"], capture_output=True, check=True, text=True)
    return run.stdout


def test_what_a_page_folds_away_stands_in_an_appendix() -> None:
    one, two = (Table(name, "Caption.", (Column("A"),), (("a",),), collapsed=True) for name in ("one", "two"))
    content = Document("T", "2026-01-02", (Section("First", (one, table(2))), Section("Second", (two,))))
    found = [
        (section["title"], [block["label"] for block in section["blocks"]])
        for section in printed(content.plain()["sections"])
    ]
    assert found == [("First", ["Table 1"]), (APPENDIX, ["Table A1", "Table A2"])]
