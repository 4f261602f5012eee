"""The limits of a page: the first rows of a very long table, and on paper a note instead of the attention viewer."""

from typing import Any

PRINTED = 200  # rows of a table on paper, about four pages
ON_PAGE = 2000  # rows of a table on the HTML page: with many more, a browser takes seconds to open it
EXPLORED = (
    "The attention viewer, which shows the weights of each run for each sentence, is in index.html beside this file."
)


def first_rows(table: dict[str, Any], most: int) -> dict[str, Any]:
    """A plain table of the document with its first rows only. `left_out` says where the others are; "" if there are
    none.
    """
    count = len(table["rows"])
    left_out = (
        f"The other {count - most:,} of {count:,} rows are in tables/{table['name']}.csv." if count > most else ""
    )
    return table | {"rows": table["rows"][:most], "left_out": left_out}
