"""Multi30k task 1: image captions and their translations (Elliott et al. 2016, 2017), with its official split."""

from importlib.resources import files
from itertools import permutations
from pathlib import Path

from attnbench.errors import UserError
from attnbench.tasks.corpora.assemble import assemble
from attnbench.tasks.corpora.download import locate
from attnbench.tasks.corpora.lines import own_path
from attnbench.tasks.corpora.text_files import read_aligned
from attnbench.tasks.inputs import reads
from attnbench.tasks.task import Task
from attnbench.tasks.vocabulary import Segmentation

LANGUAGES = {"raw": ("de", "en", "fr"), "tok": ("de", "en")}
TESTS = ("test_2016_flickr", "test_2017_flickr", "test_2017_mscoco")

# The URLs name the commits that added the files, because train.en was changed later, in both versions.
_ORIGIN = {
    "raw": "https://raw.githubusercontent.com/multi30k/dataset/"
    "c9be912dc05a3ebf9ae5bb5f7f58c1791cda43ab/data/task1/raw/{split}.{language}.gz",
    "tok": "https://raw.githubusercontent.com/multi30k/dataset/"
    "7bee46bc74186b4b6254603143610f730d40bf66/data/task1/tok/{split}.lc.norm.tok.{language}",
}
_PATH = {"raw": "multi30k/raw/{split}.{language}.gz", "tok": "multi30k/tok/{split}.{language}"}


def _files(*, pair: str, version: str, test: str, **others: object) -> list[Path]:
    """The files of the three sets: for each, source and target."""
    _check("version", version, tuple(LANGUAGES))
    _check("pair", pair, tuple("-".join(both) for both in permutations(LANGUAGES[version], 2)))
    _check("test", test, TESTS)
    return [_file(version, split, language) for split in ("train", "val", test) for language in pair.split("-")]


@reads(_files)
def multi30k(
    *,
    pair: str,
    version: str,
    test: str,
    lowercase: bool,
    max_length: int,
    segmentation: Segmentation,
    max_pairs: int | None = None,
    joint_vocabulary: bool = False,
    test_links: str | None = None,
) -> Task:
    """29,000 training pairs, 1,014 for validation, 1,000 for test (461 in test_2017_mscoco).

    `pair` is source-target, such as `de-en`. `version` is `raw` (text as written, BLEU with 13a) or `tok` (lower-cased
    and tokenised by its authors, BLEU on these words). Most published figures are measured on `tok`. `test_links` is a
    file of gold alignments (see `pharaoh`), where line i belongs to line i of the test set. For the other arguments see
    `assemble`.

    Raises:
        UserError: the pair, version or test set is unknown, or the links do not fit the sentences.
    """
    files, links = _files(pair=pair, version=version, test=test), own_path(test_links) if test_links else None
    return assemble(
        f"multi30k-{version}-{pair}-{test}",
        (read_aligned(files[0], files[1]), read_aligned(files[2], files[3]), read_aligned(files[4], files[5], links)),
        segmentation=segmentation,
        max_length=max_length,
        max_pairs=max_pairs,
        joint_vocabulary=joint_vocabulary,
        lowercase=lowercase,
        tokenized=version == "tok",
        bleu_tokenize="13a",
        gold=test_links,
    )


def _file(version: str, split: str, language: str) -> Path:
    path = _PATH[version].format(split=split, language=language)
    origin = _ORIGIN[version].format(split=split, language=language)
    return locate(path, origin=origin, sha256=_digests()[path])


def _digests() -> dict[str, str]:
    """The digest of each file at its origin, by path. The file `multi30k.sha256` has the format of sha256sum."""
    lines = files("attnbench.tasks.corpora").joinpath("multi30k.sha256").read_text("utf-8").splitlines()
    return {path: digest for digest, path in map(str.split, lines)}


def _check(key: str, value: str, valid: tuple[str, ...]) -> None:
    if value not in valid:
        raise UserError(f"task.{key}={value} is not in Multi30k; it must be one of {', '.join(valid)}")
