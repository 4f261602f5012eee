"""Tests of the user's own files, with all kinds of faults."""

import gzip
import re
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate

from attnbench.cli.paths import CONF
from attnbench.errors import UserError
from attnbench.tasks.corpora.assemble import hold_out
from attnbench.tasks.corpora.parallel import parallel
from attnbench.tasks.corpora.text_files import read_aligned, read_table
from attnbench.tasks.task import Pair, Task
from attnbench.tasks.vocabulary import words

WORDS = partial(words, min_count=2)
PAIRS = [Pair(f"line number {i}", f"Zeile Nummer {i}") for i in range(200)]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "corpus.tsv"
    path.write_text("".join(f"{pair.source}\t{pair.target}\tnote\n" for pair in PAIRS), "utf-8")
    return path


def own(source: Path, **changes: Any) -> Task:
    arguments: dict[str, Any] = {
        "target": None,
        "columns": (0, 1),
        "validation": 10,
        "test": 20,
        "lowercase": False,
        "tokenized": False,
        "bleu_tokenize": "13a",
        "max_length": 50,
        "segmentation": WORDS,
    }
    return parallel(source=str(source), **(arguments | changes))


def test_a_table_and_two_files_plain_or_gzip_give_the_same_pairs(tmp_path: Path, table: Path) -> None:
    assert read_table(table, (0, 1)) == PAIRS
    assert read_table(table, (1, 2))[0] == Pair("Zeile Nummer 0", "note")
    source, target = tmp_path / "source", tmp_path / "target.txt"
    source.write_bytes(gzip.compress("".join(f"{pair.source}\r\n" for pair in PAIRS).encode("utf-8-sig")))
    target.write_text("\n".join(pair.target for pair in PAIRS), "utf-8")
    assert read_aligned(source, target) == PAIRS


def test_pairs_with_an_empty_side_are_left_out_with_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "text.tsv"
    path.write_text("a\tb\n\n \tc\nd\te\n", "utf-8")
    assert read_table(path, (0, 1)) == [Pair("a", "b"), Pair("d", "e")]
    assert "1 pairs with an empty side" in caplog.text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no sentence pair at all"),
        (b"a\tb\nonly one\n", "line 2: columns 0 and 1 .counted from 0. are needed, but the line has 1"),
        (b"a\tb\nc\t\xff\n", "line 2: not UTF-8"),
        (gzip.compress(b"a\tb\n", mtime=0)[:-9], "cannot be decompressed"),
        (gzip.compress(b"a\tb\n", mtime=0)[:12] + b"\xff\xff\xff\xff", "cannot be decompressed"),
    ],
)
def test_the_error_names_a_bad_table(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "bad.tsv"
    path.write_bytes(content)
    with pytest.raises(UserError, match=f"^{re.escape(str(path))}.*{message}") as caught:
        own(path)
    assert "\n" not in str(caught.value)


def test_the_error_names_missing_and_unequal_files(tmp_path: Path, table: Path) -> None:
    with pytest.raises(UserError, match=r"gone\.tsv: cannot be read \(No such file"):
        own(tmp_path / "gone.tsv")
    short = tmp_path / "short"
    short.write_text("one\n", "utf-8")
    with pytest.raises(UserError, match=r"has 200 lines and .*short has 1;"):
        own(table, target=str(short))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"columns": (0,)}, "task.columns"),
        ({"columns": (0, -1)}, "task.columns"),
        ({"bleu_tokenize": "14a"}, "task.bleu_tokenize=14a: .*13a"),
        ({"validation": {"file": "x"}}, "task.validation=.*source: FILE"),
        ({"test": "test.tsv"}, "task.test=test.tsv"),
        ({"test": 0}, "at least one"),
        ({"test": 190}, "10 and 190 sentences .task.validation, task.test.: .* 200 distinct"),
        ({"max_length": 2}, "max_length=2: each of the 170 training pairs"),
        ({"max_pairs": 0}, "max_pairs=0"),
    ],
)
def test_the_error_names_a_bad_value(table: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        own(table, **changes)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("ja-mecab", RuntimeError("no MeCab"), 'a package is missing; pip install "sacrebleu\\[ja\\]"'),
        ("ko-mecab", RuntimeError("no MeCab"), 'a package is missing; pip install "sacrebleu\\[ko\\]"'),
        ("flores200", OSError("no\nnetwork"), r"sacreBLEU cannot make it \(OSError: no network\); 13a, intl, zh"),
    ],
)
def test_a_tokeniser_that_cannot_be_made_is_told_with_the_task(
    table: Path, monkeypatch: pytest.MonkeyPatch, name: str, error: Exception, message: str
) -> None:
    def missing(made: str) -> Any:
        def tokeniser() -> None:
            assert made == name
            raise error

        return tokeniser

    monkeypatch.setattr("sacrebleu.metrics.bleu._get_tokenizer", missing)
    with pytest.raises(UserError, match=f"^task.bleu_tokenize={name}: {message}") as caught:
        own(table, bleu_tokenize=name)
    assert "\n" not in str(caught.value)
    assert own(table, bleu_tokenize=name, tokenized=True).bleu["tokenize"] == "none"


def test_all_files_of_a_user_may_be_in_the_home_folder(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "links").write_text("0-0\n" * 200, "utf-8")
    files = {"source": f"~/{table.name}"}
    task = own(Path("~") / table.name, validation=files, test=files, test_links="~/links")
    assert task.test == [Pair(pair.source, pair.target, ((0, 0),)) for pair in PAIRS]
    aligned = {"source": f"~/{table.name}", "target": f"~/{table.name}"}
    assert len(own(Path("~") / table.name, target=f"~/{table.name}", validation=aligned, test=aligned).test) == 200


def test_sentences_that_differ_in_white_space_are_in_one_set() -> None:
    whites = ("\u00a0", "  ", "\u3000", "\t")
    spaced = [Pair(pair.source.replace(" ", white), "x") for pair in PAIRS for white in whites]
    train, test = hold_out([*PAIRS, *spaced], 50)
    assert (len(train), len(test)) == (5 * 150, 50)


def test_held_out_sets_are_disjoint_and_change_little_with_new_lines() -> None:
    train, validation, test = hold_out(PAIRS, 10, 20)
    assert (len(train), len(validation), len(test)) == (170, 10, 20)
    assert {*train, *validation, *test} == set(PAIRS)
    assert hold_out(PAIRS[::-1], 10, 20)[1:] == (validation, test)
    more = [*PAIRS, *(Pair(f"a later line {i}", "x") for i in range(20))]
    assert len({*hold_out(more, 10, 20)[2]} & {*test}) > 10


def test_no_source_sentence_is_in_two_sets() -> None:
    doubled = [*PAIRS, *(Pair(pair.source.upper(), "another translation") for pair in PAIRS)]
    train, validation, test = ({pair.source.lower() for pair in pairs} for pairs in hold_out(doubled, 50, 50))
    assert not (train & validation or train & test or validation & test)
    assert (len(train), len(validation), len(test)) == (100, 50, 50)


def test_the_users_held_out_files_are_used_unchanged(
    tmp_path: Path, table: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "test.tsv"
    path.write_text("line number 3\tx\nline number 3\ty\nnew\tz\n", "utf-8")
    task = own(table, validation=199, test={"source": str(path)})
    assert [pair.target for pair in task.test] == ["x", "y", "z"]
    assert (len(task.train), len(task.validation)) == (1, 199)
    task = own(table, validation={"source": str(path)}, test={"source": str(path), "target": None})
    assert task.train == PAIRS and "task.test: 2 of its 3 source sentences are also in the training set" in caplog.text


def test_max_length_limits_only_training_and_draws_are_nested(tmp_path: Path) -> None:
    path = tmp_path / "corpus.tsv"
    path.write_text("".join(f"{'w ' * (i % 10 + 1)}{i}\tz\n" for i in range(200)), "utf-8")
    task = own(path, max_length=5)
    assert max(len(pair.source.split()) for pair in task.train) == 5
    assert max(len(pair.source.split()) for pair in task.test) > 5
    few, more = (own(path, max_pairs=count).train for count in (10, 50))
    assert len(few) == 10 and set(few) < set(more) and len(more) == 50


def test_ten_test_sentences_longer_than_all_training_sentences_form_a_set(tmp_path: Path) -> None:
    path = tmp_path / "corpus.tsv"
    path.write_text("".join(f"{'w ' * (i % 10)}{i}\tz\n" for i in range(200)), "utf-8")
    test = {"source": str(path)}
    task = own(path, test=test, max_length=7)
    assert {len(pair.source.split()) for pair in task.beyond} == {8, 9, 10}
    assert set(task.beyond) < set(task.test)
    assert own(path, test=test, max_length=9).beyond  # 20 sentences
    assert not own(path, test=test, max_length=10).beyond
    short = tmp_path / "short.tsv"
    short.write_text("\n".join(path.read_text("utf-8").split("\n")[:90]), "utf-8")
    assert not own(path, test={"source": str(short)}, max_length=9).beyond  # 9 sentences


def test_both_sides_may_have_one_vocabulary(table: Path) -> None:
    task = own(table, joint_vocabulary=True)
    assert task.source is task.target
    assert {"line", "Zeile"} < set(task.source.state()["tokens"])
    assert "Zeile" not in own(table).source.state()["tokens"]


def test_bleu_settings_depend_on_the_text(table: Path) -> None:
    assert own(table, lowercase=True).bleu == {"tokenize": "13a", "lowercase": True}
    assert own(table, bleu_tokenize="zh").bleu == {"tokenize": "zh", "lowercase": False}
    assert own(table, tokenized=True).bleu == {"tokenize": "none", "lowercase": False}


@pytest.mark.parametrize("segmentation", ["words", "sentencepiece"])
def test_the_configuration_has_the_arguments_of_the_function(
    segmentation: str, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    overrides = [
        "task=parallel",
        f"segmentation={segmentation}",
        f"task.source={table}",
        "task.validation=10",
        f"task.test={{source: {table}}}",
    ]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        task = instantiate(compose("train", overrides=overrides).task)
    assert (len(task.train), len(task.validation), len(task.test)) == (190, 10, 200)
