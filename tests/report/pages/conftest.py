"""A browser for all tests of pages."""

from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    # Imported here: without playwright, `browsing` skips the module that imports it, and a conftest cannot be skipped.
    from tests.report.pages.browsing import chromium

    with chromium() as found:
        yield found
