"""Tables for papers, in LaTeX with booktabs."""

import unicodedata

from attnbench.report.document import CellValue, Column, Table
from attnbench.report.statistics import Estimate

LONG = 40  # rows: more than a page holds
SPECIAL = {
    "\\": r"\textbackslash{}",
    **{letter: f"\\{letter}" for letter in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    # Characters of our own texts that pdfLaTeX does not know.
    "−": "$-$",
    "×": r"$\times$",
    "≥": r"$\geq$",
    "≤": r"$\leq$",
    "σ": r"$\sigma$",
    "Δ": r"$\Delta$",
    "→": r"$\to$",
    "µ": r"$\mu$",
    "∞": r"$\infty$",
}


def latex(table: Table) -> str:
    r"""The table with its caption and the label `tab:NAME`, for `\input`. A long one may break over pages."""
    head = " & ".join(escape(column.title) for column in table.columns)
    body = [" & ".join(map(_cell, table.columns, row)) + r" \\" for row in table.rows]
    sides = "".join(map(_side, table.columns))
    caption = rf"\caption{{{escape(table.caption)}}}\label{{tab:{table.name}}}"
    if len(table.rows) > LONG:
        top = [rf"\begin{{longtable}}{{@{{}}{sides}@{{}}}}", rf"{caption}\\", r"\toprule", rf"{head} \\", r"\midrule"]
        again = [r"\endfirsthead", r"\toprule", rf"{head} \\", r"\midrule", r"\endhead"]
        lines = ["% Needs booktabs and longtable.", *top, *again, *body, r"\bottomrule", r"\end{longtable}"]
    else:
        top = [r"\begin{table}", r"\centering", caption, r"\small", rf"\begin{{tabular}}{{@{{}}{sides}@{{}}}}"]
        rules = [r"\toprule", rf"{head} \\", r"\midrule", *body, r"\bottomrule"]
        lines = ["% Needs booktabs.", *top, *rules, r"\end{tabular}", r"\end{table}"]
    return "\n".join(lines) + "\n"


def escape(text: str) -> str:
    """One line of text that LaTeX prints as it is."""
    return "".join(map(_letter, " ".join(text.split())))


def _letter(letter: str) -> str:
    kind, _, raised = unicodedata.decomposition(letter).partition(" ")
    if kind == "<super>":  # as of ², ᵃ and ™
        letters = "".join(chr(int(code, 16)) for code in raised.split())
        return rf"\textsuperscript{{{letters}}}"
    return SPECIAL.get(letter, letter)


def _cell(column: Column, cell: CellValue) -> str:
    """A number as the document shows it. The bounds of an estimate follow in small print."""
    if isinstance(cell, Estimate) and cell.known and column.show:
        low, high = escape(column.show(cell.low)), escape(column.show(cell.high))
        return rf"{escape(column.show(cell.value))} {{\scriptsize [{low}, {high}]}}"
    return escape(column.text(cell))


def _side(column: Column) -> str:
    return "r" if column.show else r"p{0.4\linewidth}" if column.wide else "l"
