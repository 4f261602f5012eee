"""What the sentences of all findings share: lists of conditions, of mechanisms, and numbers with intervals."""

from collections.abc import Iterator, Sequence

from attnbench.report.document import fixed, interval
from attnbench.report.statistics import Estimate
from attnbench.report.tables.quality import some

TOLD = 4  # conditions in one sentence; the rest is counted


def merged(start: str, clauses: Sequence[tuple[str, str]]) -> Iterator[str]:
    """One sentence of all conditions: "The highest BLEU, length 8: 86 by dot; length 16: 64 by dot."

    Args:
        start: of the sentence.
        clauses: each with its condition, "" if there is only one.
    """
    if not clauses:
        return
    told = [f"{condition}: {clause}" if condition else clause for condition, clause in clauses[:TOLD]]
    if (more := len(clauses) - TOLD) > 0:
        told.append(f"and {more:,} more like this, for other conditions")
    yield f"{start}{', ' if clauses[0][0] else ': '}{'; '.join(told)}."


def also_best(others: list[str]) -> str:
    """Who else may be the best, if all pairs are compared at once."""
    return f"(not significantly worse: {some(others)})" if others else "(all others are significantly worse)"


def shown(estimate: Estimate, digits: int = 1) -> str:
    """An estimate with its interval."""
    return interval(estimate, fixed(digits))
