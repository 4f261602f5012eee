"""Tatoeba: short everyday sentences and their translations. manythings.org collects them for learners."""

import zipfile
from pathlib import Path

from attnbench.errors import UserError
from attnbench.tasks.corpora.assemble import assemble, hold_out
from attnbench.tasks.corpora.download import find, locate
from attnbench.tasks.corpora.lines import decode_lines
from attnbench.tasks.corpora.text_files import read_table, table
from attnbench.tasks.inputs import reads
from attnbench.tasks.task import Pair, Task
from attnbench.tasks.vocabulary import Segmentation

OTHERS = ("cmn", "fra")
"""The languages paired with English, by their ISO 639-3 codes."""

_BLEU = {"cmn": "zh"}


def _files(*, pair: str, **others: object) -> list[Path]:
    """The table, or the archive if there is no table."""
    valid = [name for other in OTHERS for name in (f"eng-{other}", f"{other}-eng")]
    if pair not in valid:
        raise UserError(f"task.pair={pair} is not supported for Tatoeba; it must be one of {', '.join(valid)}")
    name = f"{_other(pair)}-eng"
    table = find(f"tatoeba/{name}.tsv")
    return [table or locate(f"tatoeba/{name}.zip", origin=f"https://www.manythings.org/anki/{name}.zip", sha256=None)]


@reads(_files)
def tatoeba(
    *,
    pair: str,
    validation: int,
    test: int,
    lowercase: bool,
    max_length: int,
    segmentation: Segmentation,
    max_pairs: int | None = None,
    joint_vocabulary: bool = False,
) -> Task:
    """All pairs of English and one other language. `validation` and `test` sentences are held out by hash.

    `pair` is source-target, such as `eng-cmn`. The file is `tatoeba/cmn-eng.tsv`, plain or compressed. If it is not
    found, the file is `tatoeba/cmn-eng.zip`, as the origin serves it. The corpus at the origin grows, so that it has no
    fixed digest. The digest of a download is written beside it. Two downloads may be different corpora: keep the file
    to compare figures. For the other arguments see `assemble` and `hold_out`.

    Raises:
        UserError: the pair is unknown, or the corpus is too small.
    """
    [path] = _files(pair=pair)
    source, target = pair.split("-")
    pairs = _read(path, _other(pair), (0, 1) if source == "eng" else (1, 0))
    train, held_validation, held_test = hold_out(pairs, validation, test)
    return assemble(
        f"tatoeba-{pair}",
        (train, held_validation, held_test),
        segmentation=segmentation,
        max_length=max_length,
        max_pairs=max_pairs,
        joint_vocabulary=joint_vocabulary,
        lowercase=lowercase,
        tokenized=False,
        bleu_tokenize=_BLEU.get(target, "13a"),
    )


def _other(pair: str) -> str:
    """The language that is not English."""
    return next(name for name in pair.split("-") if name != "eng")


def _read(path: Path, other: str, columns: tuple[int, int]) -> list[Pair]:
    if path.suffix != ".zip":
        return read_table(path, columns)
    return table(decode_lines(_member(path, f"{other}.txt"), str(path)), columns, str(path))


def _member(archive: Path, member: str) -> bytes:
    try:
        with zipfile.ZipFile(archive) as file:
            return file.read(member)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise UserError(f"{archive}: not a zip file that holds {member} ({error}); delete it and run again") from error
