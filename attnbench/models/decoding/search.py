"""The interface of a search. It searches token sequences that end in `</s>`, up to a length limit."""

from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from attnbench.models.model import Model, State
from attnbench.tasks.task import BOS, EOS, PAD


class Hypothesis(NamedTuple):
    """Target ids, without the special tokens around them.

    The score is log p(ids and `</s>` | source), divided by a length penalty if the search has one.
    """

    ids: list[int]
    score: float


class Search(Protocol):
    """Finds hypotheses for each sentence of a batch. The other sentences of the batch do not change them."""

    @property
    def n_best(self) -> int:
        """How many hypotheses a sentence gets, at most."""
        ...

    def __call__(self, model: Model, source: Tensor, lengths: Tensor) -> list[list[Hypothesis]]:
        """The hypotheses for each row of `source`, at least one, the best first.

        Args:
            model: in evaluation mode.
            source: ids `(B, S)`.
            lengths: number of real source tokens in each row, `(B,)`.
        """
        ...


def limits(model: Model, lengths: Tensor) -> Tensor:
    """The most tokens that a hypothesis may have, without `</s>`: ten more than twice the tokens of its source, or as
    many as the model can read after `<s>`, if they are fewer.
    """
    wanted, bound = 2 * lengths + 10, model.target_bound
    return wanted.clamp(max=bound.positions - 1) if bound else wanted


def step(model: Model, tokens: Tensor, state: State, full: Tensor) -> tuple[Tensor, State]:
    """log p `(N, V)` of what follows `tokens` `(N,)`, and the state after them. -inf marks what may not follow.

    Padding and `<s>` never follow. Only `</s>` may follow a hypothesis that is `full` `(N,)`. The probabilities are not
    normalised again: the search is for the model's own log p.
    """
    logits, decoded = model.step(tokens[:, None], state)
    log_probs = logits[:, 0].log_softmax(-1, dtype=torch.promote_types(logits.dtype, torch.float32))
    barred = full[:, None].repeat(1, log_probs.shape[-1])
    barred[:, EOS] = False
    barred[:, [PAD, BOS]] = True
    return log_probs.masked_fill(barred, -torch.inf), decoded.state
