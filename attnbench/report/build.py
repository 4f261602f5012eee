"""From records to a report."""

from collections.abc import Sequence
from pathlib import Path

from attnbench.errors import UserError
from attnbench.record import Record
from attnbench.report.analysis import Analysis
from attnbench.report.sections import build_document
from attnbench.report.study.compact_record import CompactRecord
from attnbench.report.study.explanation import Explanations
from attnbench.report.study.study import study
from attnbench.report.writing import write


def build(
    records: Sequence[Record | CompactRecord],
    destination: Path,
    *,
    title: str,
    command: str,
    broken: Sequence[str] = (),
    outdated: int = 0,
    baseline: str | None = None,
    explanations: Explanations | None = None,
) -> Path:
    """Writes `index.html`, `report.pdf`, `report.md`, `tables/*.csv`, `tables/*.tex` and `figures/*` to `destination`.

    Args:
        records: of the jobs to report on.
        destination: a folder. It is made if there is none.
        title: of the report.
        command: what the user ran to get these records. The report shows it.
        broken: a line for each file that is not a record. The report lists them.
        outdated: how many records were left out, because another record of the same job is used.
        baseline: words that name the mechanism with which others are compared.
        explanations: of the choices of config groups, by override: what `score=dot` is, and where it is from.

    Returns:
        The path of `index.html`.

    Raises:
        UserError: there are no records, or no mechanism has the words of the baseline.
    """
    if not records:
        unreadable = f"; {len(broken)} could not be read: {broken[0]}" if broken else ""
        raise UserError(f"no records to report on{unreadable}. Run a job first: python -m attnbench train")
    # The statistics are freed before the document is written: thousands of records fill the memory.
    content = build_document(
        Analysis(study(records, baseline)),
        title=title,
        command=command,
        broken=broken,
        outdated=outdated,
        explanations=explanations,
    )
    return write(content, destination)
