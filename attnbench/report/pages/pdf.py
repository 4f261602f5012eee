"""The document as a PDF, typeset by Typst."""

import json
from datetime import UTC, datetime
from importlib import resources
from typing import Any

import typst

from attnbench.report.document import Document
from attnbench.report.pages.print_limits import EXPLORED, PRINTED, first_rows

APPENDIX = "Appendix: further tables"
UNPRINTED = ("keys", "bars", "data", "conditions")  # used by the HTML page only


def paper(document: Document) -> bytes:
    """The PDF. The same document gives the same bytes.

    The template receives the document as JSON, so that no text is read as markup.
    """
    template = resources.files("attnbench.report.pages").joinpath("templates/paper.typ").read_bytes()
    date = datetime.fromisoformat(document.date).replace(tzinfo=UTC)
    content = document.plain()
    inputs = {"document": json.dumps(content | {"sections": printed(content["sections"])})}
    pdf = typst.compile(template, sys_inputs=inputs, timestamp=date)
    assert isinstance(pdf, bytes)
    return pdf


def printed(sections: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The sections as they are printed. What the HTML page folds away is in an appendix."""
    found, appendix = [], []
    for section in sections:
        blocks = [_printed(block) for block in section["blocks"]]
        appendix += [block for block in blocks if block.get("collapsed")]
        if kept := [block for block in blocks if not block.get("collapsed")]:
            found.append(section | {"blocks": kept})
    return [*found, {"title": APPENDIX, "claim": "", "blocks": appendix}] if appendix else found


def _printed(block: dict[str, Any]) -> dict[str, Any]:
    """A block in the form that paper can hold."""
    if block["kind"] == "viewer":
        return {"kind": "paragraph", "text": EXPLORED}
    kept = {key: value for key, value in block.items() if key not in UNPRINTED}
    return first_rows(kept, PRINTED) if block["kind"] == "table" else kept
