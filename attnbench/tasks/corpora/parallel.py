"""The user's own parallel corpus, from plain files."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from sacrebleu.metrics.bleu import BLEU

from attnbench.errors import UserError
from attnbench.tasks.corpora.assemble import assemble, hold_out, sources_shared
from attnbench.tasks.corpora.text_files import read_aligned, read_table
from attnbench.tasks.task import Pair, Task
from attnbench.tasks.vocabulary import Segmentation

log = logging.getLogger(__name__)


def parallel(
    *,
    source: str,
    target: str | None,
    columns: Sequence[int],
    validation: int | Mapping[str, str],
    test: int | Mapping[str, str],
    lowercase: bool,
    tokenized: bool,
    bleu_tokenize: str,
    max_length: int,
    segmentation: Segmentation,
    max_pairs: int | None = None,
    test_links: str | None = None,
) -> Task:
    """A task from two line-aligned files, or from one table (`target` is None) with source and target in `columns`.

    `validation` and `test` are each a number of sentences that are held out by hash, or a mapping with the files
    `source` and `target`. If `source` is a table, the mapping has no `target`. All files are UTF-8, plain or gzip. In
    `tokenized` text, spaces separate the words, and BLEU compares them as they are; otherwise BLEU uses
    `bleu_tokenize`. `test_links` is a file of gold alignments (see `pharaoh`), where line i belongs to line i of the
    files of `test`. For the other arguments see `assemble` and `hold_out`.

    Raises:
        UserError: a value is not valid, or a file cannot be read or does not fit.
    """
    if bleu_tokenize not in BLEU.TOKENIZERS:
        raise UserError(f"task.bleu_tokenize={bleu_tokenize}: sacreBLEU has {', '.join(sorted(BLEU.TOKENIZERS))}")
    if len(columns) != 2 or min(columns) < 0:
        raise UserError(f"task.columns={list(columns)}: must be two column numbers, counted from 0")
    if test_links and isinstance(test, int):
        raise UserError(
            f"task.test_links={test_links}: needs a test set from files, test={{source: FILE, target: FILE}}"
        )
    train = _read(source, target, columns)
    sets, links = {"validation": validation, "test": test}, {"validation": None, "test": test_links}
    given = {key: _given(key, value, columns, links[key]) for key, value in sets.items() if not isinstance(value, int)}
    counts = {key: value for key, value in sets.items() if isinstance(value, int)}
    held = []
    if counts:
        train, *held = hold_out(train, *counts.values())
    for key, pairs in given.items():
        if shared := sources_shared(train, pairs):
            log.warning("task.%s: %d of its %d source sentences are also in the training set", key, shared, len(pairs))
    given |= dict(zip(counts, held, strict=True))
    return assemble(
        f"parallel-{Path(source).name}",
        (train, given["validation"], given["test"]),
        segmentation=segmentation,
        max_length=max_length,
        max_pairs=max_pairs,
        lowercase=lowercase,
        tokenized=tokenized,
        bleu_tokenize=bleu_tokenize,
        gold=test_links,
    )


def _given(key: str, files: Mapping[str, str], columns: Sequence[int], links: str | None) -> list[Pair]:
    if not isinstance(files, Mapping) or "source" not in files or set(files) - {"source", "target"}:
        raise UserError(f"task.{key}={files}: must be a number, or {{source: FILE, target: FILE}}")
    return _read(files["source"], files.get("target"), columns, links)


def _read(source: str, target: str | None, columns: Sequence[int], links: str | None = None) -> list[Pair]:
    gold = Path(links) if links else None
    return read_aligned(Path(source), Path(target), gold) if target else read_table(Path(source), columns, gold)
