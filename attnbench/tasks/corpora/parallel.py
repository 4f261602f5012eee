"""The user's own parallel corpus, from plain files."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from sacrebleu.metrics.bleu import BLEU

from attnbench.errors import UserError, in_one_line
from attnbench.tasks.corpora.assemble import assemble, hold_out, sources_shared
from attnbench.tasks.corpora.lines import own_path
from attnbench.tasks.corpora.text_files import read_aligned, read_table
from attnbench.tasks.task import Pair, Task
from attnbench.tasks.vocabulary import Segmentation

log = logging.getLogger(__name__)

_EXTRAS = {"ja-mecab": "ja", "ko-mecab": "ko"}  # the extra of sacreBLEU with which a tokeniser's packages are installed


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
    joint_vocabulary: bool = False,
    test_links: str | None = None,
) -> Task:
    """A task from two line-aligned files, or from one table (`target` is None) with source and target in `columns`.

    `validation` and `test` are each a number of sentences that are held out by hash, or a mapping with the files
    `source` and `target`. If `source` is a table, the mapping has no `target`. All files are UTF-8, plain or compressed
    (see `read_lines`). In `tokenized` text, spaces separate the words, and BLEU compares them as they are; otherwise
    BLEU uses `bleu_tokenize`. `test_links` is a file of gold alignments (see `pharaoh`), where line i belongs to line i
    of the files of `test`. For the other arguments see `assemble` and `hold_out`.

    Raises:
        UserError: a value is not valid, or a file cannot be read or does not fit.
    """
    _check_tokeniser(bleu_tokenize, used=not tokenized)
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
        joint_vocabulary=joint_vocabulary,
        lowercase=lowercase,
        tokenized=tokenized,
        bleu_tokenize=bleu_tokenize,
        gold=test_links,
    )


def _check_tokeniser(name: str, *, used: bool) -> None:
    """Makes sacreBLEU's tokeniser, if it is used: some need a package, some a download."""
    key = f"task.bleu_tokenize={name}"
    if name not in BLEU.TOKENIZERS:
        raise UserError(f"{key}: sacreBLEU has {', '.join(sorted(BLEU.TOKENIZERS))}")
    try:
        if used:
            BLEU(tokenize=name)
    except Exception as error:  # each tokeniser has errors of its own
        if name in _EXTRAS:
            raise UserError(f'{key}: a package is missing; pip install "sacrebleu[{_EXTRAS[name]}]"') from error
        others = "13a, intl, zh and char need no download"
        raise UserError(f"{key}: sacreBLEU cannot make it ({in_one_line(error)}); {others}") from error


def _given(key: str, files: Mapping[str, str], columns: Sequence[int], links: str | None) -> list[Pair]:
    if not isinstance(files, Mapping) or "source" not in files or set(files) - {"source", "target"}:
        raise UserError(f"task.{key}={files}: must be a number, or {{source: FILE, target: FILE}}")
    return _read(files["source"], files.get("target"), columns, links)


def _read(source: str, target: str | None, columns: Sequence[int], links: str | None = None) -> list[Pair]:
    gold = own_path(links) if links else None
    if target:
        return read_aligned(own_path(source), own_path(target), gold)
    return read_table(own_path(source), columns, gold)
