"""The document as a PDF, set by Typst."""

import json
from datetime import UTC, datetime
from importlib import resources

import typst

from attnbench.report.document import Document


def paper(document: Document) -> bytes:
    """The PDF. The template receives the document as JSON, so no text is ever read as markup."""
    template = resources.files("attnbench.report").joinpath("templates/paper.typ").read_bytes()
    date = datetime.fromisoformat(document.date).replace(tzinfo=UTC)
    pdf = typst.compile(template, sys_inputs={"document": json.dumps(document.plain())}, timestamp=date)
    assert isinstance(pdf, bytes)
    return pdf
