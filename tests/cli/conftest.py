"""For tests of commands that end with a report, which takes longer than all else."""

from collections.abc import Iterator

import pytest


def _without_report() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for module in ("sweep", "cost"):
            patch.setattr(f"attnbench.cli.{module}.build_report", lambda *_: None)
        yield


no_report = pytest.fixture(_without_report)
no_report_in_module = pytest.fixture(_without_report, scope="module")
