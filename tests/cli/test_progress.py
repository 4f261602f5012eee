"""The progress line of a sweep."""

from pathlib import Path

import pytest

from attnbench import record
from attnbench.cli.progress import Progress
from tests.report.records import attention, failed


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "record.json"


def test_an_earlier_record_that_is_moved_away_is_no_failed_job(path: Path) -> None:
    """It is moved when the job begins. The job ends when a record is in its place again."""
    record.write(attention("dot"), path)
    progress = Progress([path])
    path.rename(path.with_name("earlier.json"))
    progress._look()
    assert (progress.bar.n, progress.failed) == (0, 0)
    record.write(failed(attention("dot"), "ValueError: no"), path)
    progress._look()
    assert (progress.bar.n, progress.failed) == (1, 1)
