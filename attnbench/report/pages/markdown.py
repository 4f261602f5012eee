"""The document as GitHub-flavoured Markdown, with its figures in files."""

import re
from html import escape
from typing import Any

from attnbench.report.document import Document
from attnbench.report.pages.print_limits import EXPLORED, PRINTED, first_rows


def markdown(document: Document) -> str:
    """The text. Figures are links to PNG files in `figures/`. The attention viewer is only on the HTML page."""
    plain = document.plain()
    parts = [f"# {_text(plain['title'])}", plain["date"]]
    for section in plain["sections"]:
        claim = f": {_text(section['claim'])}" if section["claim"] else ""
        parts.append(f"## {_text(section['title'])}{claim}")
        parts += [_block(block) for block in section["blocks"]]
    return "\n\n".join(parts) + "\n"


def _block(block: dict[str, Any]) -> str:
    match block["kind"]:
        case "paragraph":
            return _text(block["text"])
        case "lead":
            return f"**{_text(block['text'])}**"
        case "numbers":
            items = block["items"]
            return "\n".join(f"- **{_text(i['value'])}** {_text(i['label'])}{_detail(i['detail'])}" for i in items)
        case "cards":
            return "\n".join(map(_card, block["items"]))
        case "bullets":
            return "\n".join(f"- {_text(item)}" for item in block["items"])
        case "code":
            fence = "`" * max(3, 1 + max(map(len, re.findall("`+", block["text"])), default=0))
            return f"{fence}\n{block['text']}\n{fence}"
        case "figure":
            image = f"![{_text(block['alt'])}](figures/{block['name']}.png)"
            return f"{image}\n\n{_caption(block)}"
        case "viewer":
            return EXPLORED
        case _:
            return _table(block)


def _card(card: dict[str, Any]) -> str:
    parts = [f"`{choice}` {_text(formula)}. {_text(source)}".strip() for choice, formula, source in card["parts"]]
    return f"- **{_text(card['name'])}**: {_text(card['plain'])}. {' · '.join(parts)}".rstrip()


def _detail(text: str) -> str:
    return f" ({_text(text)})" if text else ""


def _table(block: dict[str, Any]) -> str:
    block = first_rows(block, PRINTED)
    head = _row([column["title"] for column in block["columns"]])
    rule = "|" + "|".join(" ---: " if column["number"] else " --- " for column in block["columns"]) + "|"
    table = "\n".join([head, rule, *map(_row, block["rows"])])
    more = f"\n\n{block['left_out']}" if block["left_out"] else ""
    if block["collapsed"]:
        summary = f"<b>{block['label']}.</b> {escape(block['caption'])}"  # Markdown is not read within HTML
        return f"<details>\n<summary>{summary}</summary>\n\n{table}{more}\n\n</details>"
    return f"{_caption(block)}\n\n{table}{more}"


def _caption(block: dict[str, Any]) -> str:
    return f"**{block['label']}.** {_text(block['caption'])}"


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(_text(cell) for cell in cells) + " |"


def _text(text: str) -> str:
    """One line in which nothing is read as markup."""
    return re.sub(r"([\\`*_\[\]<>|~#$&])", r"\\\1", " ".join(text.split()))
