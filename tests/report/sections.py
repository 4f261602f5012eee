"""What the tests read in a document: its sections, tables and notes."""

from itertools import chain

from attnbench.record import Record
from attnbench.report.analysis import Analysis
from attnbench.report.document import (
    Block,
    Bullets,
    Document,
    Table,
)
from attnbench.report.findings import Findings
from attnbench.report.sections import build_document
from attnbench.report.study.study import study


def analysis(jobs: list[Record], baseline: str | None = None) -> Analysis:
    return Analysis(study(jobs, baseline=baseline))


def contents(jobs: list[Record], broken: tuple[str, ...] = (), outdated: int = 0) -> Document:
    return build_document(analysis(jobs), title="T", command="C", broken=broken, outdated=outdated)


def sentences(found: Findings) -> list[str]:
    """All findings, those of the first screen first."""
    return [*found.first, *chain.from_iterable(found.later.values())]


def titles(found: Document) -> list[str]:
    return [section.title for section in found.sections]


def blocks(found: Document, title: str) -> tuple[Block, ...]:
    return next(section.blocks for section in found.sections if section.title == title)


def table(found: Document, name: str) -> Table:
    return next(table for table in found.tables() if table.name == name)


def notes(found: Document) -> list[Bullets]:
    effects = next(section for section in found.sections if section.title == "Factor effects")
    return [block for block in effects.blocks if isinstance(block, Bullets)]
