"""Marks of tests."""

from typing import Any

import pytest


def slow(*values: Any) -> Any:
    """Values of a parameter with which a test runs only if slow tests are asked for: other values show the same."""
    return pytest.param(*values, marks=pytest.mark.slow)
