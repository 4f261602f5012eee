"""The report: from records, and nothing else, to tables, figures, a page and a paper."""

from attnbench.report.build import build
from attnbench.report.study.load import load

__all__ = ["build", "load"]
