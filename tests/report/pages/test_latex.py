"""Tables as LaTeX. Their structure is checked without it, and compiled where it is installed."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from attnbench.report.document import Column, Table, fixed
from attnbench.report.pages.latex import LONG, escape, latex
from tests.report.pages.papers import table

TEX = shutil.which("pdflatex")


def rows(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.endswith(r"\\") and not line.startswith(r"\caption")]


@pytest.mark.parametrize("count", [1, LONG, LONG + 1, 500])
def test_environments_are_closed_and_rows_are_complete(count: int) -> None:
    text = latex(table(count))
    open_ones: list[str] = []
    for kind, name in re.findall(r"\\(begin|end)\{([\w*]+)\}", text):
        if kind == "begin":
            open_ones.append(name)
        else:
            assert open_ones.pop() == name
    assert open_ones == []
    depths = re.sub(r"\\[{}]", "", text)
    assert depths.count("{") == depths.count("}")
    head, *body = dict.fromkeys(rows(text))
    assert head == r"Mechanism & BLEU & Error\_rate & Text \\"
    assert len(body) == count
    assert all(len(re.findall(r"(?<!\\)&", row)) == 3 for row in (head, *body))
    for rule in ("toprule", "midrule", "bottomrule"):
        assert rf"\{rule}" in text


def test_an_estimate_is_a_value_with_bounds() -> None:
    assert rows(latex(table()))[1].startswith(r"m0 & 70.0 {\scriptsize [68.0, 72.2]} & – & 50 \% of a\_b")


def test_columns_have_their_sides_and_the_table_its_label() -> None:
    text = latex(table())
    assert r"\begin{tabular}{@{}lrrp{0.4\linewidth}@{}}" in text
    assert r"\label{tab:quality}" in text
    assert text.startswith("% Needs booktabs and graphicx.\n")
    assert r"\hline" not in text


def test_a_long_table_breaks_over_pages_and_repeats_its_head() -> None:
    text = latex(table(LONG + 1))
    assert r"\begin{longtable}" in text
    assert text.count("Mechanism & BLEU") == 2
    assert text.index(r"\endfirsthead") < text.index(r"\endhead")


def test_what_is_special_is_escaped() -> None:
    assert escape("a_b & 50 % #1 $x$ {y} \\z ~^ <|>") == (
        r"a\_b \& 50 \% \#1 \$x\$ \{y\} \textbackslash{}z \textasciitilde{}\textasciicircum{} "
        r"\textless{}\textbar{}\textgreater{}"
    )
    assert escape("−1 × σ\nnᵃ é µ™") == r"$-$1 $\times$ $\sigma$ n\textsuperscript{a} é $\mu$\textsuperscript{TM}"


def _by_condition(titles: int = 3) -> Table:
    columns = (Column("Mechanism"), Column("Condition"), *(Column(f"n = {i}", fixed(1)) for i in range(titles)))
    rows = [
        (f"dot · heads {i}", condition, *([1.5] * titles)) for condition in ("length 8", "length 16") for i in (1, 4)
    ]
    return Table("costs", "Costs of 50 % − or more.", columns, tuple(rows))


def test_rows_are_grouped_by_condition() -> None:
    text = latex(_by_condition())
    assert "Condition" not in text
    assert [line for line in text.splitlines() if "multicolumn" in line] == [
        rf"\multicolumn{{4}}{{@{{}}l}}{{\emph{{{name}}}}} \\" for name in ("length 8", "length 16")
    ]
    assert text.index("length 8") < text.index("dot · heads 1") < text.index("length 16")


def test_a_wide_table_spans_both_columns() -> None:
    assert r"\begin{table}" in latex(_by_condition(2))
    assert r"\begin{table*}" in latex(_by_condition(8))


@pytest.mark.skipif(TEX is None, reason="tables are compiled with pdflatex, which is not installed")
def test_it_compiles_and_nothing_leaves_its_column(tmp_path: Path) -> None:
    assert TEX
    tables = "\n".join(latex(each) for each in (table(), _by_condition(2), _by_condition(30)))
    head = r"\documentclass[twocolumn]{article}\usepackage[utf8]{inputenc}\usepackage{booktabs,graphicx}"
    (tmp_path / "a.tex").write_text(rf"{head}\begin{{document}}{tables}\end{{document}}", encoding="utf-8")
    command = [TEX, "-interaction=nonstopmode", "-halt-on-error", "a.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Overfull \\hbox" not in done.stdout
    assert (tmp_path / "a.pdf").is_file()
