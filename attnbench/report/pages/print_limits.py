"""The limits of print: the first rows of a very long table, and a note instead of the attention viewer."""

from typing import Any

MAX_ROWS = 200  # rows, about four pages; the HTML page and the CSV file have all
EXPLORED = (
    "The attention viewer, which shows the weights of each run for each sentence, is in index.html beside this file."
)


def first_rows(table: dict[str, Any]) -> dict[str, Any]:
    """A plain table of the document with its first rows only. `left_out` says where the others are; "" if there are
    none.
    """
    rows = table["rows"]
    others = len(rows) - MAX_ROWS
    left_out = f"The other {others:,} of {len(rows):,} rows are in tables/{table['name']}.csv." if others > 0 else ""
    return table | {"rows": rows[:MAX_ROWS], "left_out": left_out}
