"""What print has of a very long table, and of what can only be explored on a screen."""

from typing import Any

MOST = 200  # rows, some four pages; the page and the CSV file have all
EXPLORED = "Where each run looks in each of its sentences can be explored in index.html, beside this file."


def first_rows(table: dict[str, Any]) -> dict[str, Any]:
    """A plain table of the document with its first rows only, and `left_out`: where the others are, "" if none is."""
    rows = table["rows"]
    others = len(rows) - MOST
    left_out = f"The other {others:,} of {len(rows):,} rows are in tables/{table['name']}.csv." if others > 0 else ""
    return table | {"rows": rows[:MOST], "left_out": left_out}
