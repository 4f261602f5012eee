"""The files of a report."""

import csv
import html
import json
import re
import warnings
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import records
from conftest import BROKEN, ERROR

from attnbench.errors import UserError
from attnbench.record import write
from attnbench.report import build, load
from attnbench.report.alignment import caption, heat_maps, sentence
from attnbench.report.study import study


def test_the_page_needs_nothing_but_itself(mixed: Path) -> None:
    page = (mixed / "index.html").read_text()
    loads = re.findall(r"""(?:src|href)=["']([^"']*)""", page) + re.findall(r"url\(([^)]*)", page)
    assert loads
    assert all(load.startswith(("#", "data:image/svg+xml;base64,")) for load in loads)
    assert "<script" not in page
    assert "@import" not in page
    assert len(page) < 5_000_000


def test_the_page_escapes_and_tells(mixed: Path) -> None:
    page = (mixed / "index.html").read_text()
    assert "<h1>Attention &amp; cost</h1>" in page
    assert html.escape(ERROR, quote=False) in page
    assert ERROR not in page
    assert BROKEN in page
    assert "out of memory" in page


def test_every_figure_has_alt_text_and_a_number(mixed: Path) -> None:
    page = (mixed / "index.html").read_text()
    alts = re.findall(r'<img [^>]*alt="([^"]*)"', page)
    assert len(alts) == page.count("<figcaption>") == len(list((mixed / "figures").glob("*.svg")))
    assert all(len(alt) > 20 for alt in alts)
    assert [f"<b>Figure {number}.</b>" in page for number in range(1, len(alts) + 1)] == [True] * len(alts)


def test_no_raw_floats(mixed: Path) -> None:
    cells = re.findall(r'<td class="number">([^<]*)</td>', (mixed / "index.html").read_text())
    assert cells
    assert not [cell for cell in cells if re.search(r"\.\d{4}|e-\d|nan", cell)]


def test_the_paper_is_a_pdf_with_its_fonts(mixed: Path) -> None:
    pdf = (mixed / "report.pdf").read_bytes()
    assert pdf.startswith(b"%PDF")
    assert b"/FontFile" in pdf


def test_tables_as_csv(mixed: Path) -> None:
    names = {path.stem for path in (mixed / "tables").glob("*.csv")}
    page = (mixed / "index.html").read_text()
    assert len(names) == len(set(re.findall(r"<b>Table (\d+)\.</b>", page)))
    assert {"quality", "step_cost", "exponents_cpu", "failures", "reproduction"} <= names
    with (mixed / "tables" / "quality.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {(row["Condition"], row["Mechanism"]) for row in rows} == {
        (f"length {length}", name) for length in (16, 48) for name in ("none", "dot", "additive")
    }
    assert all(float(row["BLEU low"]) < float(row["BLEU"]) < float(row["BLEU high"]) for row in rows)


def test_figures_as_svg(mixed: Path) -> None:
    found = {path.stem: path.read_text() for path in (mixed / "figures").glob("*.svg")}
    assert {"bleu", "scaling_cpu", "bleu_against_cost", "bleu_by_length", "learning_curves", "alignments"} == set(found)
    assert all("<svg" in svg for svg in found.values())


@pytest.mark.filterwarnings("error")
def test_the_same_records_give_the_same_files(tmp_path: Path) -> None:
    for name in ("a", "b"):
        build([records.attention()], tmp_path / name, title="T", command="C")
    files = sorted(path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*") if path.is_file())
    assert len(files) > 10
    assert [f for f in files if (tmp_path / "a" / f).read_bytes() != (tmp_path / "b" / f).read_bytes()] == []


def test_no_records_is_the_users_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no records to report on; 1 could not be read: x: not JSON"):
        build([], tmp_path, title="T", command="C", broken=["x: not JSON"])


def test_load_reads_what_it_can(tmp_path: Path) -> None:
    for name in ("b", "a", "c"):
        (tmp_path / name).mkdir()
    first, second = records.attention("dot"), records.attention("additive")
    write(first, tmp_path / "a" / "record.json")
    write(second, tmp_path / "b" / "record.json")
    (tmp_path / "c" / "record.json").write_text(json.dumps({**asdict(first), "seed": "one"}))
    found, broken = load(tmp_path)
    assert found == [first, second]
    assert len(broken) == 1
    assert "record.seed" in broken[0]
    assert "\n" not in broken[0]


def test_tokens_without_a_glyph_become_numbers() -> None:
    record = records.attention()
    strange = replace(record.alignments[0], source=[*record.alignments[0].source[:-1], "\U0001f999"])
    chosen = sentence(study([replace(record, alignments=[strange])]))
    assert chosen
    assert not chosen.tokens
    assert "16 \U0001f999" in caption(chosen)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        heat_maps(chosen)
