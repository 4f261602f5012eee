"""Tests of words and subwords: their tokens, decoded text, and the cache between runs."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics.bleu import BLEU

from attnbench.errors import UserError
from attnbench.tasks import tokenizer
from attnbench.tasks.task import (
    BOS,
    EOS,
    PAD,
    SPECIALS,
    UNK,
    Vocabulary,
)
from attnbench.tasks.vocabulary import restore, sentencepiece, words

ENGLISH = [f"the {size} cat saw {count} dogs." for size in ("big", "small", "old") for count in ("two", "three", "ten")]
CHINESE = [f"我有{count}只{animal}，你呢？" for count in "一二三四五" for animal in "猫狗马牛羊"]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


def build_words(texts: list[str]) -> Vocabulary:
    return words(texts, min_count=1, lowercase=False, tokenized=False)


def build_subwords(texts: list[str]) -> Vocabulary:
    return sentencepiece(texts, size=60, coverage=1.0, lowercase=False, tokenized=False)


BUILDERS = pytest.mark.parametrize("build", [build_words, build_subwords])
CORPORA = pytest.mark.parametrize("texts", [ENGLISH, CHINESE], ids=["english", "chinese"])


@BUILDERS
@CORPORA
def test_encode_and_decode_keep_the_tokens_of_bleu(build: Callable[[list[str]], Vocabulary], texts: list[str]) -> None:
    vocabulary = build(texts)
    bleu = BLEU(tokenize="zh" if texts is CHINESE else "13a").tokenizer
    for text in texts:
        ids = vocabulary.encode(text)
        assert min(ids) > EOS and max(ids) < len(vocabulary)
        assert bleu(vocabulary.decode(ids)) == bleu(text)


@BUILDERS
@CORPORA
def test_state_restores_the_same_vocabulary(build: Callable[[list[str]], Vocabulary], texts: list[str]) -> None:
    vocabulary = build(texts)
    again = restore(json.loads(json.dumps(vocabulary.state())))
    assert again.state() == vocabulary.state()
    assert [again.token(i) for i in range(len(again))] == [vocabulary.token(i) for i in range(len(vocabulary))]
    assert [again.encode(text) for text in texts] == [vocabulary.encode(text) for text in texts]


def test_only_a_space_separates_the_words_of_tokenised_text() -> None:
    texts = ["10\u00a0km  weit", " a\u3000b\u2028c\tweit "]
    vocabulary = words(texts, min_count=1, lowercase=False, tokenized=True)
    assert vocabulary.tokens[len(SPECIALS) :] == ("10\u00a0km", "a\u3000b\u2028c\tweit", "weit")
    assert [vocabulary.decode(vocabulary.encode(text)) for text in texts] == ["10\u00a0km weit", texts[1].strip()]


def test_for_subwords_all_white_space_is_a_space() -> None:
    plain = build_subwords(ENGLISH)
    spaced = build_subwords([f" {text} ".replace(" ", "\u00a0") for text in ENGLISH])
    assert spaced.state() == plain.state()
    assert plain.encode("the\u3000big\u2028cat") == plain.encode("the big cat")


@BUILDERS
def test_special_ids(build: Callable[[list[str]], Vocabulary]) -> None:
    vocabulary = build(ENGLISH)
    assert tuple(vocabulary.token(i) for i in range(4)) == SPECIALS
    assert UNK in vocabulary.encode("Ω")
    known = vocabulary.encode("cat")
    assert vocabulary.decode([BOS, *known, EOS, PAD, PAD]) == "cat"
    assert "<unk>" in vocabulary.decode([*known, UNK])
    assert vocabulary.encode("") == [] and vocabulary.decode([]) == ""


def test_restore_names_the_known_kinds() -> None:
    with pytest.raises(UserError, match=r"kind='letters'.*words, sentencepiece"):
        restore({"kind": "letters"})


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("The dog runs 3.5 km, twice!", ["The", "dog", "runs", "3.5", "km", ",", "twice", "!"]),
        ("a blue-green man's l'eau", ["a", "blue-green", "man's", "l'eau"]),
        ("a 'hat' – Schwarz- und", ["a", "'￭", "hat", "￭'", "–", "Schwarz", "￭-", "und"]),
        ("我会说French。", ["我", "会", "说", "French", "。"]),
        ("snake_case &amp; 1,000.", ["snake", "_", "case", "&amp;", "1,000", "."]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("cafe\u0301 noir", ["cafe\u0301", "noir"]),
    ],
)
def test_tokens(text: str, tokens: list[str]) -> None:
    assert tokenizer.split(text) == tokens


PARTS = [*"aé3'’\"-–“„&%_ (", "3.5", "1,000", ". ", ", ", "... ", "&amp;"]


@given(st.lists(st.sampled_from(PARTS), max_size=20).map("".join))
def test_13a_sees_the_same_tokens_after_a_round_trip(text: str) -> None:
    bleu = BLEU(tokenize="13a").tokenizer
    assert bleu(tokenizer.join(tokenizer.split(text))).split() == bleu(text).split()


@given(st.text(alphabet="a3我们。，“” !?", max_size=30))
def test_zh_sees_the_same_tokens_after_a_round_trip(text: str) -> None:
    bleu = BLEU(tokenize="zh").tokenizer
    assert bleu(tokenizer.join(tokenizer.split(text))).split() == bleu(text).split()


WORD = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Z", "C"]), min_size=1).filter(
    lambda word: word not in SPECIALS
)


@given(st.lists(WORD, min_size=1))
def test_decode_inverts_encode_for_tokenised_text(sentence: list[str]) -> None:
    text = " ".join(sentence)
    vocabulary = words([text], min_count=1, lowercase=False, tokenized=True)
    assert vocabulary.decode(vocabulary.encode(text)) == text


def test_words_are_counted_and_ordered() -> None:
    vocabulary = words(["b a b c", "C a <s>"], min_count=2, lowercase=True, tokenized=True)
    assert vocabulary.tokens == (*SPECIALS, "a", "b", "c")
    assert vocabulary.encode("A x <s>") == [4, UNK, UNK]
    with pytest.raises(UserError, match="min_count=0"):
        words([], min_count=0, lowercase=False, tokenized=False)


def test_subwords_ignore_case_and_spaces_if_lowercase_is_set() -> None:
    vocabulary = sentencepiece(ENGLISH, size=60, coverage=1.0, lowercase=True, tokenized=False)
    assert vocabulary.encode("The\u00a0CAT ") == vocabulary.encode("the cat")


def test_subwords_are_quiet_deterministic_and_cached(
    own_cache: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = build_subwords(CHINESE)
    assert capfd.readouterr() == ("", "")
    (model,) = own_cache.rglob("*.model")
    assert model.parent == own_cache / "attnbench" / "sentencepiece"
    model.unlink()
    assert build_subwords(CHINESE).state() == first.state()
    monkeypatch.setattr("sentencepiece.SentencePieceTrainer.train", None)
    assert build_subwords(CHINESE).state() == first.state()


def test_subwords_are_trained_even_if_the_cache_is_not_writable(
    own_cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (own_cache / "attnbench").write_text("not a folder")
    assert len(build_subwords(ENGLISH)) > len(SPECIALS)
    assert "cannot be saved" in caplog.text


def test_subwords_size() -> None:
    assert len(sentencepiece(ENGLISH, size=30_000, coverage=1.0, lowercase=False, tokenized=False)) < 200
    with pytest.raises(UserError, match=r"size=10, .*smaller than required_chars"):
        sentencepiece(ENGLISH, size=10, coverage=1.0, lowercase=False, tokenized=False)
    with pytest.raises(UserError, match="0 lines"):
        sentencepiece([" "], size=100, coverage=1.0, lowercase=False, tokenized=False)


def test_pieces_are_of_the_algorithm_that_is_named() -> None:
    options: dict[str, Any] = {"size": 60, "coverage": 1.0, "lowercase": False, "tokenized": False}
    unigram, bpe = (sentencepiece(ENGLISH, algorithm=name, **options) for name in ("unigram", "bpe"))
    assert unigram.state()["model"] != bpe.state()["model"]
    assert bpe.decode(bpe.encode(ENGLISH[0])) == ENGLISH[0]
    with pytest.raises(UserError, match=r"segmentation\.algorithm=words: must be unigram or bpe"):
        sentencepiece(ENGLISH, algorithm="words", **options)  # pyright: ignore[reportArgumentType]
