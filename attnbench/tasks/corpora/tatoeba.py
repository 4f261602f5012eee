"""Tatoeba: short everyday sentences and their translations. manythings.org collects them for learners."""

import zipfile
from pathlib import Path

from attnbench.errors import UserError
from attnbench.tasks.corpora.assemble import assemble, hold_out
from attnbench.tasks.corpora.download import find, locate
from attnbench.tasks.corpora.text_files import decode_lines, read_table, table
from attnbench.tasks.task import Pair, Task
from attnbench.tasks.vocabulary import Segmentation

OTHERS = ("cmn", "fra")
"""The languages paired with English, by their ISO 639-3 codes."""

_BLEU = {"cmn": "zh"}


def tatoeba(
    *,
    pair: str,
    validation: int,
    test: int,
    lowercase: bool,
    max_length: int,
    segmentation: Segmentation,
    max_pairs: int | None = None,
) -> Task:
    """All pairs of English and one other language. `validation` and `test` sentences are held out by hash.

    `pair` is source-target, such as `eng-cmn`. The file is `tatoeba/cmn-eng.tsv`, plain or gzip. If it is not found,
    the file is `tatoeba/cmn-eng.zip`, as the origin serves it. The corpus at the origin grows, so that it has no fixed
    digest. The digest of a download is written beside it. Two downloads may be different corpora: keep the file to
    compare figures. For the other arguments see `assemble` and `hold_out`.

    Raises:
        UserError: the pair is unknown, or the corpus is too small.
    """
    valid = [name for other in OTHERS for name in (f"eng-{other}", f"{other}-eng")]
    if pair not in valid:
        raise UserError(f"task.pair={pair} is not supported for Tatoeba; it must be one of {', '.join(valid)}")
    source, target = pair.split("-")
    other = target if source == "eng" else source
    train, held_validation, held_test = hold_out(_read(other, (0, 1) if source == "eng" else (1, 0)), validation, test)
    return assemble(
        f"tatoeba-{pair}",
        (train, held_validation, held_test),
        segmentation=segmentation,
        max_length=max_length,
        max_pairs=max_pairs,
        lowercase=lowercase,
        tokenized=False,
        bleu_tokenize=_BLEU.get(target, "13a"),
    )


def _read(other: str, columns: tuple[int, int]) -> list[Pair]:
    name = f"{other}-eng"
    path = find(f"tatoeba/{name}.tsv")
    if path:
        return read_table(path, columns)
    archive = locate(f"tatoeba/{name}.zip", origin=f"https://www.manythings.org/anki/{name}.zip", sha256=None)
    return table(decode_lines(_member(archive, f"{other}.txt"), str(archive)), columns, str(archive))


def _member(archive: Path, member: str) -> bytes:
    try:
        with zipfile.ZipFile(archive) as file:
            return file.read(member)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise UserError(f"{archive}: not a zip file that holds {member} ({error}); delete it and run again") from error
