"""Records from files."""

from pathlib import Path

from attnbench.record import Record, RecordError, read


def load(folder: Path) -> tuple[list[Record], list[str]]:
    """Every `record.json` below `folder`, in the order of their paths, and a line on each that could not be read."""
    records, broken = [], []
    for path in sorted(folder.rglob("record.json")):
        try:
            records.append(read(path))
        except RecordError as error:
            broken.append(" ".join(str(error).split()))
    return records, broken
