"""Tables for papers, in LaTeX with booktabs."""

import unicodedata
from collections.abc import Sequence
from dataclasses import replace

from attnbench.report.document import CellValue, Column, Table
from attnbench.report.statistics import Estimate

LONG = 40  # rows: more than a page holds
COLUMN = 52  # letters in a line of a paper with two columns; a wider table spans both
GROUP = "Condition"  # the column whose values become headings of groups of rows
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
    "√": r"$\surd$",
}


def latex(table: Table) -> str:
    r"""The table with its caption and the label `tab:NAME`, for `\input`.

    Rows are grouped by condition. In a paper with two columns, a wide table spans both. It is shrunk if it is wider
    still. A long one may break over pages; that needs a page with one column.
    """
    grouped, groups = _grouped(table)
    head = " & ".join(escape(column.title) for column in grouped.columns)
    body = list(_body(grouped, groups))
    sides = "".join(map(_side, grouped.columns))
    caption = rf"\caption{{{escape(table.caption)}}}\label{{tab:{table.name}}}"
    rules = [r"\toprule", rf"{head} \\", r"\midrule"]
    if len(table.rows) > LONG:
        top = [rf"\begin{{longtable}}{{@{{}}{sides}@{{}}}}", rf"{caption}\\", *rules, r"\endfirsthead"]
        lines = ["% Needs booktabs and longtable, and pages with one column.", *top, *rules, r"\endhead", *body]
        return "\n".join([*lines, r"\bottomrule", r"\end{longtable}"]) + "\n"
    float_ = "table*" if _letters(grouped) > COLUMN else "table"
    lines = [
        "% Needs booktabs and graphicx.",
        rf"\begin{{{float_}}}",
        r"\centering",
        caption,
        r"\small",
        rf"\sbox0{{\begin{{tabular}}{{@{{}}{sides}@{{}}}}",
        *rules,
        *body,
        r"\bottomrule",
        r"\end{tabular}}%",
        r"\ifdim\wd0>\linewidth\resizebox{\linewidth}{!}{\usebox0}\else\usebox0\fi",
        rf"\end{{{float_}}}",
    ]
    return "\n".join(lines) + "\n"


def escape(text: str) -> str:
    """One line of text that LaTeX prints as it is."""
    return "".join(map(_letter, " ".join(text.split())))


def _grouped(table: Table) -> tuple[Table, list[str]]:
    """The table without its column of conditions, and the condition of each row; as it is, if it has no such column."""
    titles = [column.title for column in table.columns]
    if GROUP not in titles:
        return table, [""] * len(table.rows)
    place = titles.index(GROUP)

    def rest(cells: Sequence[CellValue]) -> tuple[CellValue, ...]:
        return (*cells[:place], *cells[place + 1 :])

    columns = (*table.columns[:place], *table.columns[place + 1 :])
    order = {condition: index for index, condition in enumerate(dict.fromkeys(row[place] for row in table.rows))}
    rows = sorted(table.rows, key=lambda row: order[row[place]])
    return replace(table, columns=columns, rows=tuple(map(rest, rows))), [str(row[place]) for row in rows]


def _body(table: Table, groups: Sequence[str]) -> list[str]:
    """The rows, with a heading above each group."""
    lines, before = list[str](), ""
    for row, group in zip(table.rows, groups, strict=True):
        if group != before:
            lines += [r"\addlinespace"] if lines else []
            lines.append(rf"\multicolumn{{{len(table.columns)}}}{{@{{}}l}}{{\emph{{{escape(group)}}}}} \\")
            before = group
        lines.append(" & ".join(map(_cell, table.columns, row)) + r" \\")
    return lines


def _letters(table: Table) -> int:
    """About how many letters stand in a line."""
    widths = (
        max([len(column.title), *(len(column.text(row[place])) for row in table.rows)])
        for place, column in enumerate(table.columns)
    )
    return sum(width + 2 for width in widths)


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
