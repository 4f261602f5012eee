"""Parts of a record that do not fit together are named."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from attnbench.record import Alignment, Quality, Record, Regression
from attnbench.report.study.consistency import check
from tests.report import records

JOB, POOLING = records.attention(heads=2), records.pooling()


@pytest.mark.parametrize("job", [JOB, POOLING, records.no_attention(), records.failed(JOB, "boom")])
def test_a_whole_record_fits(job: Record) -> None:
    check(job)


def quality(change: Callable[[Quality], Quality]) -> Record:
    assert JOB.quality
    return replace(JOB, quality=change(JOB.quality))


def alignment(change: Callable[[Alignment], Alignment]) -> Record:
    return replace(JOB, alignments=[change(JOB.alignments[0])])


def regression(change: Callable[[Regression], Regression]) -> Record:
    assert POOLING.regression
    return replace(POOLING, regression=change(POOLING.regression))


@pytest.mark.parametrize(
    ("job", "message"),
    [
        (replace(JOB, started="yesterday"), "Invalid isoformat string: 'yesterday'"),
        (quality(lambda q: replace(q, sentences=7)), "quality.source_lengths: 120 entries, expected 7"),
        (quality(lambda q: replace(q, bleu_statistics=[])), "quality.bleu_statistics: 0 entries, expected 120"),
        (alignment(lambda a: replace(a, target=["a"])), r"alignments\[0\].implicit: 18 entries, expected 1"),
        (alignment(lambda a: replace(a, weights=[[[[1.0]]]])), r"alignments\[0\].weights: 1 entries"),
        (alignment(lambda a: replace(a, weights=[a.weights[0], []])), r"alignments\[0\].weights: 0 entries"),
        (alignment(lambda a: replace(a, gold=[(99, 0)])), r"alignments\[0\].gold: a link to a token"),
        (regression(lambda r: replace(r, y=[1.0])), "regression.y: 1 entries, expected 30"),
        (regression(lambda r: replace(r, weights=[[1.0]])), "regression.weights: 1 entries, expected 21"),
    ],
)
def test_what_does_not_fit_is_named(job: Record, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check(job)
