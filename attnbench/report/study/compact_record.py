"""A record with its large parts set aside, so that thousands fit into memory."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np

from attnbench.record import AlignmentQuality, Quality, Record


@dataclass(frozen=True)
class SentenceStatistics:
    """The quality of each sentence, in the order of the test set.

    Args:
        test_set: hash of the sentences.
        lengths: tokens of each source, `(N,)`.
        statistics: sacreBLEU's statistics of each translation, `(N, 10)`; see `attnbench.record.Quality`.
    """

    test_set: str
    lengths: np.ndarray
    statistics: np.ndarray


@dataclass(frozen=True)
class LinkCounts:
    """How the links of each sentence compare with the gold links, `(N, 4)`; see `attnbench.record.AlignmentQuality`.

    `explicit` has no rows without attention.
    """

    explicit: np.ndarray
    implicit: np.ndarray


@dataclass(frozen=True)
class CompactRecord:
    """A record without its lists by sentence, which are arrays here. If it has a `path`, it is also without its
    alignments.

    Args:
        record: without its large parts.
        quality: the quality by sentence.
        beyond: the quality by sentence beyond the training length.
        links: the links by sentence.
        sources: the source tokens of each alignment.
        path: the file with the alignments. None: they are in `record`.
    """

    record: Record
    quality: SentenceStatistics | None
    beyond: SentenceStatistics | None
    links: LinkCounts | None
    sources: tuple[tuple[str, ...], ...]
    path: Path | None


def compact(record: Record, path: Path | None = None) -> CompactRecord:
    """Sets the large parts of a record aside. `path` is the file that it was read from, if it was."""
    light = replace(
        record,
        quality=_without_sentences(record.quality),
        beyond=_without_sentences(record.beyond),
        alignment=replace(record.alignment, links=[], implicit_links=[]) if record.alignment else None,
        alignments=[] if path else record.alignments,
    )
    sources = tuple(tuple(alignment.source) for alignment in record.alignments)
    return CompactRecord(
        light, _sentences(record.quality), _sentences(record.beyond), _links(record.alignment), sources, path
    )


def _without_sentences(quality: Quality | None) -> Quality | None:
    return replace(quality, source_lengths=[], bleu_statistics=[]) if quality else None


def _sentences(quality: Quality | None) -> SentenceStatistics | None:
    if quality is None:
        return None
    lengths = np.array(quality.source_lengths, dtype=np.int32)
    return SentenceStatistics(quality.test_set, _narrow(lengths), _counts(quality.bleu_statistics, 10))


def _links(alignment: AlignmentQuality | None) -> LinkCounts | None:
    if alignment is None or not alignment.implicit_links:
        return None
    return LinkCounts(_counts(alignment.links, 4), _counts(alignment.implicit_links, 4))


def _counts(rows: Sequence[Sequence[int]], width: int) -> np.ndarray:
    """An array `(len(rows), width)`. This is faster than `np.array`."""
    found = np.fromiter(chain.from_iterable(rows), dtype=np.int32, count=len(rows) * width)
    return _narrow(found.reshape(-1, width))


def _narrow(counts: np.ndarray) -> np.ndarray:
    """The same numbers in half the bytes, if they fit."""
    return counts.astype(np.int16) if counts.max(initial=0) <= np.iinfo(np.int16).max else counts
