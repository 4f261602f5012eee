"""Tests of the two public corpora."""

import gzip
import hashlib
import os
import zipfile
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from hydra.errors import InstantiationException
from hydra.utils import instantiate

import attnbench.tasks.corpora
from attnbench.cli.paths import CONF
from attnbench.errors import UserError
from attnbench.tasks.corpora.multi30k import multi30k
from attnbench.tasks.corpora.tatoeba import tatoeba
from attnbench.tasks.task import SPECIALS, Task
from attnbench.tasks.vocabulary import sentencepiece, words

WORDS = partial(words, min_count=2)
DATA = Path(os.environ.get("ATTNBENCH_DATA", "/nonexistent"))
MULTI30K = pytest.mark.skipif(not (DATA / "multi30k").is_dir(), reason="Multi30k is not in $ATTNBENCH_DATA")
TATOEBA = pytest.mark.skipif(not (DATA / "tatoeba").is_dir(), reason="Tatoeba is not in $ATTNBENCH_DATA")


@pytest.mark.parametrize("name", ["multi30k", "tatoeba"])
def test_the_configuration_of_public_corpora(name: str) -> None:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("train", overrides=[f"task={name}", "segmentation=words", "task.pair=xx-yy"])
    with pytest.raises(InstantiationException) as caught:
        instantiate(config.task)
    assert isinstance(caught.value.__cause__, UserError) and "task.pair=xx-yy" in str(caught.value.__cause__)


def flickr(**changes: Any) -> Task:
    arguments: dict[str, Any] = {
        "pair": "de-en",
        "version": "raw",
        "test": "test_2016_flickr",
        "lowercase": False,
        "max_length": 60,
        "segmentation": WORDS,
    }
    return multi30k(**(arguments | changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pair": "de-fr", "version": "tok"}, "task.pair=de-fr .* de-en, en-de$"),
        ({"pair": "en-en"}, "task.pair=en-en"),
        ({"version": "bpe"}, "task.version=bpe .* raw, tok$"),
        ({"test": "test_2018_flickr"}, "task.test=test_2018_flickr"),
    ],
)
def test_the_error_names_the_valid_values_of_multi30k(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        flickr(**changes)


@MULTI30K
def test_multi30k_digests_match_the_files_of_the_origin() -> None:
    """The origin serves `raw` as gzip and `tok` as plain text."""
    for line in (Path(attnbench.tasks.corpora.__file__).parent / "multi30k.sha256").read_text().splitlines():
        digest, path = line.split()
        gz = path.endswith(".gz")
        content = (DATA / path).read_bytes() if gz else gzip.decompress((DATA / f"{path}.gz").read_bytes())
        assert hashlib.sha256(content).hexdigest() == digest, path


@MULTI30K
def test_multi30k_tokenised_is_as_published() -> None:
    task = flickr(version="tok", lowercase=True)
    assert (len(task.train), len(task.validation), len(task.test)) == (29_000, 1_014, 1_000)
    # Published vocabulary sizes include the four special tokens.
    assert (len(task.source), len(task.target)) == (7_859, 5_921)
    assert task.bleu == {"tokenize": "none", "lowercase": True}


@MULTI30K
@pytest.mark.parametrize("pair", ["en-fr", "fr-de"])
def test_multi30k_raw(pair: str) -> None:
    task = flickr(pair=pair, test="test_2017_mscoco", max_pairs=1000)
    assert (len(task.train), len(task.test)) == (1000, 461)
    assert task.bleu == {"tokenize": "13a", "lowercase": False}


@TATOEBA
def test_tatoeba_chinese_by_subwords(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    segmentation = partial(sentencepiece, size=4000, coverage=0.9995)
    task = tatoeba(pair="eng-cmn", validation=500, test=500, lowercase=False, max_length=60, segmentation=segmentation)
    assert (len(task.validation), len(task.test)) == (500, 500) and 19_500 < len(task.train) < 20_200
    assert len(task.target) == 4000 and task.bleu["tokenize"] == "zh"
    known = [pair.target for pair in task.test if "<unk>" not in task.target.decode(task.target.encode(pair.target))]
    assert len(known) > 450
    assert all(task.target.decode(task.target.encode(text)) == " ".join(text.split()) for text in known)


@TATOEBA
def test_tatoeba_from_french_to_english() -> None:
    task = tatoeba(pair="fra-eng", validation=10, test=10, lowercase=True, max_length=60, segmentation=WORDS)
    assert len(task.source) > len(task.target) > len(SPECIALS)
    assert task.bleu == {"tokenize": "13a", "lowercase": True}


def test_tatoeba_reads_the_archive_from_its_origin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTNBENCH_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "tatoeba").mkdir()
    build = partial(tatoeba, pair="cmn-eng", validation=1, test=1, lowercase=False, max_length=9, segmentation=WORDS)
    with zipfile.ZipFile(tmp_path / "tatoeba" / "cmn-eng.zip", "w") as archive:
        archive.writestr("_about.txt", "about")
    with pytest.raises(UserError, match=r"cmn-eng\.zip: not a zip file that holds cmn\.txt"):
        build()
    with zipfile.ZipFile(tmp_path / "tatoeba" / "cmn-eng.zip", "w") as archive:
        archive.writestr("cmn.txt", "".join(f"One {i}.\t一{i}。\tby me\n" for i in range(9)))
    assert len(build().train) == 7
