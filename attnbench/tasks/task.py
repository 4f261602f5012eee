"""A task: sentence pairs as text, and a vocabulary for each side. The vocabulary converts text to ids and back."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

PAD, UNK, BOS, EOS = 0, 1, 2, 3
SPECIALS = ("<pad>", "<unk>", "<s>", "</s>")


class Vocabulary(Protocol):
    """Converts text to ids and back. Ids 0 to 3 are `SPECIALS`. `encode` adds none of them except `<unk>`."""

    def __len__(self) -> int: ...

    def encode(self, text: str) -> list[int]: ...

    def decode(self, ids: Sequence[int]) -> str:
        """The text in normal spelling. Special ids are dropped, except `<unk>`."""
        ...

    def token(self, index: int) -> str:
        """The token of one id, as a heat map shows it."""
        ...

    def state(self) -> dict[str, Any]:
        """All data from which `tasks.vocabulary.restore` makes this vocabulary again, as JSON values."""
        ...


Links = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Pair:
    """A sentence and its translation, as text; and the gold links (source word, target word), if they are known.

    `links` are sure. `possible` are further links that are neither right nor wrong (Och and Ney 2003). Words are those
    of `tasks.text.words_of`, counted from 0.
    """

    source: str
    target: str
    links: Links = ()
    possible: Links = ()


@dataclass(frozen=True)
class Task:
    """Three disjoint sets of pairs, the two vocabularies, and how translations are scored.

    `bleu` holds keyword arguments of `sacrebleu.metrics.BLEU` (`tokenize`, `lowercase`), so that the signature of a
    score states how texts were compared. `beyond` are test sentences longer than every training sentence. `gold` says
    where the links of the test set come from: "task", or the path of a file. It is None if there are no links.
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
