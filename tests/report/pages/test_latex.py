"""Tables as LaTeX, whose structure is checked without it."""

import re

import pytest

from attnbench.report.pages.latex import LONG, escape, latex
from tests.report.pages.papers import table


def rows(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.endswith(r"\\") and not line.startswith(r"\caption")]


@pytest.mark.parametrize("count", [1, LONG, LONG + 1, 500])
def test_environments_are_closed_and_rows_are_complete(count: int) -> None:
    text = latex(table(count))
    open_ones: list[str] = []
    for kind, name in re.findall(r"\\(begin|end)\{(\w+)\}", text):
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
    assert text.startswith("% Needs booktabs.\n")
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
