"""Greedy search: the most likely token at each step."""

from dataclasses import dataclass

import torch
from torch import Tensor

from attnbench.models.decoding.search import Hypothesis, limits, step
from attnbench.models.model import Model
from attnbench.tasks.task import BOS, EOS


@dataclass(frozen=True)
class Greedy:
    """Takes the most likely token at each step."""

    @property
    def n_best(self) -> int:
        return 1

    @torch.no_grad()
    def __call__(self, model: Model, source: Tensor, lengths: Tensor) -> list[list[Hypothesis]]:
        """See `Search`."""
        most, state = limits(model, lengths), model.start(source, lengths)
        chosen = source.new_full((len(source), int(most.max()) + 1), EOS)
        scores = source.new_zeros(len(source), dtype=torch.float64)
        sentences = torch.arange(len(source), device=source.device)  # those that have not ended; only they are computed
        tokens = torch.full_like(sentences, BOS)
        for position in range(chosen.shape[1]):
            log_probs, state = step(model, tokens, state, most[sentences] <= position)
            best, tokens = log_probs.max(-1)
            chosen[sentences, position] = tokens
            scores[sentences] += best
            going_on = (tokens != EOS).nonzero()[:, 0]
            if len(going_on) == 0:
                break
            if len(going_on) < len(sentences):
                state, tokens, sentences = state.rows(going_on), tokens[going_on], sentences[going_on]
        found = zip(chosen.tolist(), scores.tolist(), strict=True)
        return [[Hypothesis(ids[: ids.index(EOS)], score)] for ids, score in found]
