"""Whether the parts of a record fit together. A record that was edited by hand may have the right fields in the wrong
number.
"""

from collections.abc import Sequence
from datetime import datetime

from attnbench.record import Alignment, AlignmentQuality, Quality, Record, Regression


def check(record: Record) -> None:
    """Raises a `ValueError` that names the first part of a record that does not fit."""
    datetime.fromisoformat(record.started)
    for name, quality in (("quality", record.quality), ("beyond", record.beyond)):
        if quality:
            _quality(quality, name)
    if record.alignment:
        _links(record.alignment)
    for number, alignment in enumerate(record.alignments):
        _alignment(alignment, f"alignments[{number}]")
    if record.regression:
        _regression(record.regression)


def _quality(quality: Quality, name: str) -> None:
    _same(quality.source_lengths, quality.sentences, f"{name}.source_lengths")
    _same(quality.bleu_statistics, quality.sentences, f"{name}.bleu_statistics")


def _links(alignment: AlignmentQuality) -> None:
    for name, rows in (("links", alignment.links), ("implicit_links", alignment.implicit_links)):
        if rows:
            _same(rows, alignment.sentences, f"alignment.{name}")


def _alignment(alignment: Alignment, name: str) -> None:
    targets, sources = len(alignment.target), len(alignment.source)
    _table(alignment.implicit, targets, sources, f"{name}.implicit")
    for layer in alignment.weights:
        _same(layer, len(alignment.weights[0]), f"{name}.weights")
        for head in layer:
            _table(head, targets, sources, f"{name}.weights")
    if any(source >= sources or target >= targets for source, target in alignment.gold):
        raise ValueError(f"{name}.gold: a link to a token that the sentence does not have")


def _regression(regression: Regression) -> None:
    points, tests = len(regression.x), len(regression.test_x)
    _same(regression.y, points, "regression.y")
    _same(regression.truth, tests, "regression.truth")
    _same(regression.estimate, tests, "regression.estimate")
    _table(regression.weights, tests, points, "regression.weights")


def _table(rows: Sequence[Sequence[float]], count: int, width: int, name: str) -> None:
    _same(rows, count, name)
    for row in rows:
        _same(row, width, name)


def _same(items: Sequence[object], count: int, name: str) -> None:
    if len(items) != count:
        raise ValueError(f"{name}: {len(items)} entries, expected {count}")
