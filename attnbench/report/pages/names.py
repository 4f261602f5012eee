"""Links from each mention of a mechanism's name to its card."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from markupsafe import Markup, escape

LINK = Markup('<a href="#{}">{}</a>')


def anchors(sections: list[dict[str, Any]]) -> dict[str, str]:
    """By name of a mechanism, the anchor of its card."""
    blocks = [block for section in sections for block in section["blocks"] if block["kind"] == "cards"]
    return {card["name"]: card["anchor"] for block in blocks for card in block["items"]}


def cell_linker(found: Mapping[str, str]) -> Callable[[str], Markup]:
    """Links a text that is a name, and no other."""
    return lambda text: LINK.format(found[text], text) if text in found else escape(text)


def prose_linker(found: Mapping[str, str]) -> Callable[[str], Markup]:
    """Links all names in a text; of two that begin alike, the longer one."""
    if not found:
        return escape
    longest_first = sorted(found, key=len, reverse=True)
    pattern = re.compile(rf"(?<![\w.=·])({'|'.join(map(re.escape, longest_first))})(?![\w=]| ·)")

    def linked(text: str) -> Markup:
        parts = pattern.split(text)  # text, name, text, name, …, text
        return Markup("").join(
            LINK.format(found[part], part) if index % 2 else escape(part) for index, part in enumerate(parts)
        )

    return linked
