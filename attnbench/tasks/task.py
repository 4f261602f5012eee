"""A task: sentence pairs as text, and a vocabulary for each side, which turns text into ids and back."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

PAD, UNK, BOS, EOS = 0, 1, 2, 3
SPECIALS = ("<pad>", "<unk>", "<s>", "</s>")


class Vocabulary(Protocol):
    """Text to ids and back. Ids 0 to 3 are `SPECIALS`. `encode` adds none of them except `<unk>`."""

    def __len__(self) -> int: ...

    def encode(self, text: str) -> list[int]: ...

    def decode(self, ids: Sequence[int]) -> str:
        """Text as a reader would write it. Special ids are dropped, except `<unk>`."""
        ...

    def token(self, index: int) -> str:
        """The token of one id, as a heat map shows it."""
        ...

    def state(self) -> dict[str, Any]:
        """Everything that is needed to make this vocabulary again (`tasks.vocabulary.restore`), as JSON values."""
        ...


Links = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Pair:
    """A sentence and its translation, as text; and gold links (source word, target word), from 0, if they are known.

    `links` are sure. `possible` are further links that are neither right nor wrong (Och and Ney 2003). Words are
    separated by spaces.
    """

    source: str
    target: str
    links: Links = ()
    possible: Links = ()


@dataclass(frozen=True)
class Task:
    """Three disjoint sets of pairs, the two vocabularies, and how translations are scored.

    `bleu` holds keyword arguments of `sacrebleu.metrics.BLEU` (`tokenize`, `lowercase`), so that the signature of a
    score says what was compared. `beyond` are test sentences longer than every training sentence. `gold` is the source
    of the test set's links: "task", or the path of a file; None if they are not known.
    """

    name: str
    source: Vocabulary
    target: Vocabulary
    train: Sequence[Pair]
    validation: Sequence[Pair]
    test: Sequence[Pair]
    bleu: dict[str, Any] = field(default_factory=dict)
    beyond: Sequence[Pair] = ()
    gold: str | None = None
