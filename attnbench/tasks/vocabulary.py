"""Two vocabularies, of words and of subwords. They are built from a corpus, or restored from a checkpoint."""

import base64
import hashlib
import io
import json
import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

import sentencepiece as spm

from attnbench.errors import UserError
from attnbench.tasks import cache, tokenizer
from attnbench.tasks.task import (
    BOS,
    EOS,
    PAD,
    SPECIALS,
    UNK,
    Vocabulary,
)
from attnbench.tasks.text import words_of

log = logging.getLogger(__name__)


class Segmentation(Protocol):
    """Builds a vocabulary from one side of a corpus: `words` or `sentencepiece`, with their options already given.

    The task describes the text. With `lowercase`, the text is first converted to lower case. In `tokenized` text,
    spaces already separate words and punctuation.
    """

    def __call__(self, texts: Iterable[str], *, lowercase: bool, tokenized: bool) -> Vocabulary: ...


class WordVocabulary:
    """A closed list of words. All others are `<unk>`.

    `tokens` are the words in the order of their ids, from 4 on. Text is split by `tokenizer`, or at its spaces if
    `tokenized`.
    """

    def __init__(self, tokens: Sequence[str], *, lowercase: bool = False, tokenized: bool = False) -> None:
        self.tokens = (*SPECIALS, *tokens)
        self.lowercase = lowercase
        self.tokenized = tokenized
        self._ids = {token: index for index, token in enumerate(tokens, start=len(SPECIALS))}

    def __len__(self) -> int:
        return len(self.tokens)

    def encode(self, text: str) -> list[int]:
        return [self._ids.get(word, UNK) for word in split(text, lowercase=self.lowercase, tokenized=self.tokenized)]

    def decode(self, ids: Sequence[int]) -> str:
        words = [self.tokens[i] for i in ids if i not in (PAD, BOS, EOS)]
        return " ".join(words) if self.tokenized else tokenizer.join(words)

    def token(self, index: int) -> str:
        return self.tokens[index]

    def state(self) -> dict[str, Any]:
        tokens = list(self.tokens[len(SPECIALS) :])
        return {"kind": "words", "tokens": tokens, "lowercase": self.lowercase, "tokenized": self.tokenized}


class SubwordVocabulary:
    """A sentencepiece model (Kudo and Richardson 2018), for any language, with or without spaces between words.

    `model` is the serialised model, in base64. Its pieces 0 to 3 must be `SPECIALS`, as in the models that the function
    `sentencepiece` trains.
    """

    def __init__(self, model: str, *, lowercase: bool = False) -> None:
        self.model = model
        self.lowercase = lowercase
        self._processor = spm.SentencePieceProcessor(model_proto=base64.b64decode(model))

    def __len__(self) -> int:
        return self._processor.get_piece_size()

    def encode(self, text: str) -> list[int]:
        return self._processor.encode(_plain(text, self.lowercase))

    def decode(self, ids: Sequence[int]) -> str:
        return self._processor.decode(list(ids))

    def token(self, index: int) -> str:
        return self._processor.id_to_piece(index)

    def state(self) -> dict[str, Any]:
        return {"kind": "sentencepiece", "model": self.model, "lowercase": self.lowercase}


_KINDS: dict[str, type[WordVocabulary] | type[SubwordVocabulary]] = {
    "words": WordVocabulary,
    "sentencepiece": SubwordVocabulary,
}


def restore(state: dict[str, Any]) -> Vocabulary:
    """Makes the vocabulary again from its `state()`.

    Raises:
        UserError: the kind of vocabulary is unknown.
    """
    arguments = dict(state)
    kind = arguments.pop("kind", None)
    if kind not in _KINDS:
        raise UserError(f"vocabulary: kind={kind!r} is unknown; it must be one of {', '.join(_KINDS)}")
    return _KINDS[kind](**arguments)


def split(text: str, *, lowercase: bool, tokenized: bool) -> list[str]:
    """Splits a sentence into words in the same way as a `WordVocabulary`."""
    if lowercase:
        text = text.lower()
    return words_of(text) if tokenized else tokenizer.split(text)


def words(texts: Iterable[str], *, min_count: int, lowercase: bool, tokenized: bool) -> WordVocabulary:
    """The words that occur at least `min_count` times in `texts`, by falling count, then by alphabet."""
    if min_count < 1:
        raise UserError(f"segmentation.min_count={min_count}: must be 1 or more")
    counts = Counter(word for text in texts for word in split(text, lowercase=lowercase, tokenized=tokenized))
    kept = [word for word, count in counts.items() if count >= min_count and word not in SPECIALS]
    kept.sort(key=lambda word: (-counts[word], word))
    return WordVocabulary(kept, lowercase=lowercase, tokenized=tokenized)


def sentencepiece(
    texts: Iterable[str],
    *,
    size: int,
    coverage: float,
    algorithm: Literal["unigram", "bpe"] = "unigram",
    lowercase: bool,
    tokenized: bool,
) -> SubwordVocabulary:
    """A model with at most `size` pieces, including the special ones. It is trained on `texts`.

    `algorithm` is `unigram` (Kudo 2018) or `bpe` (Sennrich et al. 2016).

    A small corpus gives fewer pieces. `coverage` is the share of all characters in the text that the pieces cover. The
    other characters, which are the rarest, are `<unk>`. Pieces do not depend on words, so that `tokenized` has no
    effect. The model is kept in the user's cache, under a digest of text and settings. The same text gives the same
    model.

    Raises:
        UserError: `size` is too small for the characters, or there is no such algorithm.
    """
    if algorithm not in ("unigram", "bpe"):
        raise UserError(f"segmentation.algorithm={algorithm}: must be unigram or bpe")
    settings = _TRAINER | {"model_type": algorithm, "vocab_size": size, "character_coverage": coverage}
    lines = [line for line in (_plain(text, lowercase) for text in texts) if line]
    path = cache.folder() / "sentencepiece" / f"{_digest(settings, lines)}.model"
    if path.is_file():
        model = path.read_bytes()
    else:
        model = _train(settings, lines)
        _keep(path, model)
    return SubwordVocabulary(base64.b64encode(model).decode("ascii"), lowercase=lowercase)


_TRAINER: dict[str, Any] = {
    "pad_id": PAD,
    "unk_id": UNK,
    "bos_id": BOS,
    "eos_id": EOS,
    "pad_piece": SPECIALS[PAD],
    "unk_piece": SPECIALS[UNK],
    "bos_piece": SPECIALS[BOS],
    "eos_piece": SPECIALS[EOS],
    "unk_surface": SPECIALS[UNK],
    # The usual NFKC would convert Chinese punctuation to ASCII. Translations would then not match their references.
    "normalization_rule_name": "identity",
    "hard_vocab_limit": False,
    "num_threads": 1,  # with more threads, the order of sums changes, and so does the model
    "minloglevel": 2,  # errors only
}


def _train(settings: dict[str, Any], lines: list[str]) -> bytes:
    model = io.BytesIO()
    try:
        spm.SentencePieceTrainer.train(sentence_iterator=iter(lines), model_writer=model, **settings)
    except RuntimeError as error:
        reason = " ".join(str(error).rpartition("]")[2].split()) or "there is no text"
        size, coverage = settings["vocab_size"], settings["character_coverage"]
        raise UserError(
            f"segmentation: size={size}, coverage={coverage}: no sentencepiece model can be trained on "
            f"{len(lines)} lines: {reason}"
        ) from error
    return model.getvalue()


def _keep(path: Path, model: bytes) -> None:
    try:
        cache.write(path, model)
    except OSError as error:
        log.warning("%s: the subword model cannot be saved (%s); it will be trained again next time", path, error)


def _digest(settings: dict[str, Any], lines: list[str]) -> str:
    content = json.dumps([spm.__version__, settings, lines], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def _plain(text: str, lowercase: bool) -> str:
    """Replaces all white space by single spaces.

    Only a space ends a word for sentencepiece. Other white space is rare, and pieces of it would be learned badly. The
    tokens of a text stay those of its words, one after the other.
    """
    text = " ".join(text.split())
    return text.lower() if lowercase else text
