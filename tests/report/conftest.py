"""Reports built once, for the tests that only read them."""

from pathlib import Path

import pytest

from attnbench.report import build
from tests.report import records


@pytest.fixture(scope="session")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a report on two lengths, with a failed job, one out of memory, and a file that is no record."""
    jobs = [
        *(records.no_attention(length) for length in (16, 48)),
        *(records.attention(score, length=length) for score in ("dot", "additive") for length in (16, 48)),
        records.failed(records.attention("general"), records.ERROR),
        records.failed(records.attention("general", length=48), "12 GiB wanted", out_of_memory=True),
    ]
    folder = tmp_path_factory.mktemp("mixed")
    build(jobs, folder, title="Attention & cost", command="python -m attnbench -m sweep", broken=[records.BROKEN])
    return folder
