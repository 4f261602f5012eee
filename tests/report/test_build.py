"""The files of a report."""

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from attnbench.errors import UserError
from attnbench.report import build
from tests.report import records

AGAIN = """
import sys; from pathlib import Path; from tests.report import records; from attnbench.report import build
build([records.attention(), records.attention("additive")], Path(sys.argv[1]), title="T", command="C")
"""


def test_tables_as_csv(mixed: Path) -> None:
    names = {path.stem for path in (mixed / "tables").glob("*.csv")}
    assert {"quality", "step_cost", "exponents_cpu", "failures", "reproduction"} <= names
    with (mixed / "tables" / "quality.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {(row["Condition"], row["Mechanism"]) for row in rows} == {
        (f"length {length}", name) for length in (16, 48) for name in ("none", "dot", "additive")
    }
    assert all(float(row["BLEU low"]) < float(row["BLEU"]) < float(row["BLEU high"]) for row in rows)


def test_every_row_of_a_csv_is_as_long_as_its_head(mixed: Path) -> None:
    for path in (mixed / "tables").glob("*.csv"):
        with path.open(newline="") as file:
            assert len({len(row) for row in csv.reader(file)}) == 1, path


def test_a_table_and_a_figure_have_all_their_forms(mixed: Path) -> None:
    for folder, forms in (("tables", {".csv", ".tex"}), ("figures", {".svg", ".png"})):
        names = {path.stem for path in (mixed / folder).iterdir()}
        assert {path.name for path in (mixed / folder).iterdir()} == {n + form for n in names for form in forms}


def test_the_same_blocks_in_all_forms(mixed: Path) -> None:
    text = (mixed / "report.md").read_text()
    figures = re.findall(r"\]\(figures/(\w+)\.png\)\n\n\*\*Figure (\d+)\.\*\*", text)
    assert [int(number) for _, number in figures] == list(range(1, len(figures) + 1))
    assert {name for name, _ in figures} == {path.stem for path in (mixed / "figures").glob("*.svg")}
    assert {"bleu", "scaling_cpu", "pareto", "bleu_by_length", "learning_curves", "alignments"} < dict(figures).keys()
    assert len(set(re.findall(r"Table (A?\d+)\.(?:\*\*|</b>)", text))) == len(list((mixed / "tables").glob("*.csv")))


def test_every_point_of_every_figure_says_its_numbers_without_raw_floats(mixed: Path) -> None:
    for path in (mixed / "figures").glob("*.svg"):
        said = re.findall(r'data-tip="([^"]*)"', path.read_text())
        assert said or path.stem == "alignments"
        assert not [text for text in said if re.search(r"\.\d{4}|e-\d|nan|None", text)], path


@pytest.mark.filterwarnings("error")
def test_the_same_records_give_the_same_files_wherever_they_are_made(tmp_path: Path) -> None:
    jobs = [records.attention(), records.attention("additive")]
    build(jobs, tmp_path / "a", title="T", command="C")
    (place := tmp_path / "elsewhere").mkdir()
    path = str(Path(__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": "1"}
    subprocess.run([sys.executable, "-c", AGAIN, str(tmp_path / "b")], cwd=place, env=environment, check=True)
    files = sorted(path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*") if path.is_file())
    assert len(files) > 20
    assert [f for f in files if (tmp_path / "a" / f).read_bytes() != (tmp_path / "b" / f).read_bytes()] == []


def test_no_records_is_the_users_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no records to report on; 1 could not be read: x: not JSON"):
        build([], tmp_path, title="T", command="C", broken=["x: not JSON"])
