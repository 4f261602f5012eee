"""Beam search: the few most likely hypotheses of each length, side by side."""

import heapq
import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from attnbench.errors import UserError
from attnbench.models.decoding.search import Hypothesis, limits, step
from attnbench.models.model import Model, State
from attnbench.tasks.task import BOS, EOS


class OpenHypotheses(NamedTuple):
    """The open hypotheses of N sentences, W for each sentence, all of one length.

    `sentences` `(N,)` are their places in the batch; `limits` `(N,)` are their length limits. `ids` `(N, W, T)` begin
    with `<s>`. `log_probs` `(N, W)` is -inf if a sentence has fewer than W. `rows` `(N, W)` are the rows of `state`,
    which has read all tokens of a hypothesis except the last.
    """

    sentences: Tensor
    limits: Tensor
    ids: Tensor
    log_probs: Tensor
    rows: Tensor
    state: State

    def only(self, chosen: Tensor) -> "OpenHypotheses":
        """The hypotheses of the sentences for which `chosen` `(N,)` is True."""
        tensors = self.sentences, self.limits, self.ids, self.log_probs, self.rows
        return OpenHypotheses(*(tensor[chosen] for tensor in tensors), state=self.state)


@dataclass(frozen=True)
class Beam:
    """Keeps the `size` most likely hypotheses at each step.

    A hypothesis that has ended keeps its place, so that fewer stay open. A sentence is done if no hypothesis is open,
    or if no open one can still be among its `n_best`. A size of 1 is greedy search.

    Args:
        size: hypotheses that are kept, ended and open together.
        length_penalty: α ≥ 0. A score is log p divided by ((5 + tokens) / 6)^α, where `</s>` is one of the tokens: Wu
            et al. 2016, eq. 14. With 0, it is log p itself, which favours short hypotheses.
        n_best: hypotheses that are returned for each sentence.

    Raises:
        UserError: a value out of range.
    """

    size: int
    length_penalty: float
    n_best: int

    def __post_init__(self) -> None:
        if self.size < 1:
            raise UserError(f"search.size={self.size}: must be 1 or more")
        if not self.length_penalty >= 0:
            raise UserError(f"search.length_penalty={self.length_penalty}: must be 0 or more")
        if not 1 <= self.n_best <= self.size:
            raise UserError(f"search.n_best={self.n_best}: must be from 1 to search.size={self.size}")

    @torch.no_grad()
    def __call__(self, model: Model, source: Tensor, lengths: Tensor) -> list[list[Hypothesis]]:
        """See `Search`."""
        sentences = torch.arange(len(source), device=source.device)
        beams = OpenHypotheses(
            sentences,
            limits(model, lengths),
            ids=source.new_full((len(source), 1, 1), BOS),
            log_probs=source.new_zeros(len(source), 1, dtype=torch.float64),
            rows=sentences[:, None],
            state=model.start(source, lengths),
        )
        ended: list[list[Hypothesis]] = [[] for _ in source]
        while len(beams.sentences):
            places = [self.size - len(ended[sentence]) for sentence in beams.sentences.tolist()]
            beams = _extend(model, beams, beams.sentences.new_tensor(places))
            beams = self._collect(beams, ended)
            beams = beams.only(self._undecided(beams, ended))
        return [self._best(each) for each in ended]

    def _collect(self, beams: OpenHypotheses, ended: list[list[Hypothesis]]) -> OpenHypotheses:
        """Moves the hypotheses that have ended from the beams to `ended`."""
        ends = (beams.ids[..., -1] == EOS) & beams.log_probs.isfinite()
        scores = self._score(beams.log_probs, beams.ids.shape[-1] - 1)
        ending = (beams.sentences[:, None].expand_as(ends), beams.ids, scores)
        for sentence, ids, score in zip(*(each[ends].tolist() for each in ending), strict=True):
            ended[sentence].append(Hypothesis(ids[1:-1], score))
        return beams._replace(log_probs=beams.log_probs.masked_fill(ends, -torch.inf))

    def _undecided(self, beams: OpenHypotheses, ended: list[list[Hypothesis]]) -> Tensor:
        """Whether an open hypothesis can still be among the best, `(N,)`: log p can only fall, and the penalty can only
        grow.
        """
        within_reach = self._score(beams.log_probs.amax(1), beams.limits + 1)
        best = [self._best(ended[sentence]) for sentence in beams.sentences.tolist()]
        to_beat = [each[-1].score if len(each) == self.n_best else -math.inf for each in best]
        return within_reach > within_reach.new_tensor(to_beat)

    def _best(self, hypotheses: list[Hypothesis]) -> list[Hypothesis]:
        return heapq.nlargest(self.n_best, hypotheses, key=lambda hypothesis: hypothesis.score)

    def _score(self, log_probs: Tensor, tokens: Tensor | int) -> Tensor:
        return log_probs / ((5 + tokens) / 6) ** self.length_penalty


def _extend(model: Model, beams: OpenHypotheses, places: Tensor) -> OpenHypotheses:
    """The most likely continuations by one token of each sentence's hypotheses, as many as it has `places` `(N,)`."""
    count, width, length = beams.ids.shape
    full = (beams.limits < length).repeat_interleave(width)
    state = beams.state.rows(beams.rows.flatten())
    log_probs, state = step(model, beams.ids[..., -1].flatten(), state, full)
    # First the best tokens of each hypothesis: there may be thousands of types.
    most = int(places.max())
    likely, tokens = log_probs.topk(min(most, log_probs.shape[1]))
    totals = (beams.log_probs[..., None] + likely.view(count, width, -1)).flatten(1)
    best, chosen = totals.topk(min(most, totals.shape[1]))
    parents, tokens = chosen // likely.shape[1], tokens.view(count, -1).take_along_dim(chosen, dim=1)
    beyond = torch.arange(best.shape[1], device=best.device) >= places[:, None]
    return beams._replace(
        ids=torch.cat([beams.ids.take_along_dim(parents[..., None], dim=1), tokens[..., None]], dim=2),
        log_probs=best.masked_fill(beyond, -torch.inf),
        rows=torch.arange(count, device=parents.device)[:, None] * width + parents,
        state=state,
    )
