"""What a task is: sentence pairs as text, and one vocabulary a side to turn text into ids and back."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

PAD, UNK, BOS, EOS = 0, 1, 2, 3
SPECIALS = ("<pad>", "<unk>", "<s>", "</s>")


class Vocabulary(Protocol):
    """Text to ids and back. Ids 0 to 3 are `SPECIALS`; `encode` adds none of them but `<unk>`."""

    def __len__(self) -> int: ...

    def encode(self, text: str) -> list[int]: ...

    def decode(self, ids: Sequence[int]) -> str:
        """Text as a reader would write it; special ids other than `<unk>` are dropped."""
        ...

    def token(self, index: int) -> str:
        """The token behind one id, as shown beside a heat map."""
        ...

    def state(self) -> dict[str, Any]:
        """All that is needed to make this vocabulary again (`tasks.vocabulary.restore`), as plain JSON-able values."""
        ...


Links = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Pair:
    """A sentence and its translation, as text; gold links (source word, target word), from 0, where they are known.

    `links` are sure, `possible` the further ones that are neither right nor wrong (Och and Ney 2003). A word is what
    spaces set apart.
    """

    source: str
    target: str
    links: Links = ()
    possible: Links = ()


@dataclass(frozen=True)
class Task:
    """Three disjoint sets of pairs, the two vocabularies, and how the translations are scored.

    `bleu` holds keyword arguments of `sacrebleu.metrics.BLEU` (`tokenize`, `lowercase`), so that the signature printed
    beside a score says what was compared. `beyond` are test sentences longer than any that is trained on. `gold` says
    where the links of the test set come from, "task" or the path of a file; None: they are not known.
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
