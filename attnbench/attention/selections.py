"""From scores to weights: soft (a weight for each position) or hard (one position).

A selection gets scores `(B, H, T, S)`, a boolean mask that broadcasts to them (True = may attend), and a gain or None.
It returns a `Choice`. A masked position has weight exactly 0. A row in which everything is masked is all zeros.
"""

from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from attnbench.errors import UserError

Credit = Literal["step", "later", "sentence"]


class Draw(NamedTuple):
    """Positions that were sampled without a gradient. `policy` turns them into a loss.

    `log_prob` and `entropy` are `(B, H, T)`. `credit` says which outputs a draw influences: the output of its own step,
    that step and all later ones, or all outputs of the sentence. The last is the case in an encoder; there, `mask` `(B,
    T)` is True at real queries.
    """

    log_prob: Tensor
    entropy: Tensor
    policy: "Reinforce"
    credit: Credit = "step"
    mask: Tensor | None = None

    def loss(self, reward: Tensor, mask: Tensor) -> Tensor:
        """See `Reinforce.loss`."""
        return self.policy.loss(self, reward, mask)


class Choice(NamedTuple):
    """Weights `(B, H, T, S)`; and the draw, if the selection sampled and needs a loss of its own."""

    weights: Tensor
    draw: Draw | None = None


class Selection(nn.Module):
    """The base of all selections.

    `flops`: floating-point operations for each score in training, where a maximum is one. `differentiable`: whether the
    weights have a gradient.
    """

    flops: int
    differentiable = True

    def forward(self, scores: Tensor, mask: Tensor, gain: Tensor | None) -> Choice:
        raise NotImplementedError


class Soft(Selection):
    """softmax(scores), times the scope's gain if it has one: differentiable everywhere. Bahdanau et al. 2015, eq. 6.

    Args:
        dropout: the probability that a weight is set to 0 in training. The other weights are scaled up. Vaswani et al.
            2017, section 5.4.
    """

    flops = 5  # maximum, difference, exponential, sum, quotient

    def __init__(self, dropout: float = 0.0) -> None:
        super().__init__()
        if not 0 <= dropout < 1:
            raise UserError(f"selection.dropout={dropout}: must be at least 0 and below 1")
        self.dropout = dropout

    def forward(self, scores: Tensor, mask: Tensor, gain: Tensor | None) -> Choice:
        weights = masked_softmax(scores, mask)
        if gain is not None:
            weights = weights * gain
        return Choice(F.dropout(weights, self.dropout, self.training))


class Reinforce(Selection):
    """Samples one position in training, takes the most likely one otherwise. Xu et al. 2015, section 4.1.

    The gradient is that of the score function: (reward - baseline) ∇ log p. The baseline is a moving average of the
    rewards.

    Args:
        entropy: the weight of the entropy term, which keeps the policy from becoming certain too early.
        decay: of the moving average, from 0 (only the last batch) to 1 (it never moves).
    """

    flops = 14  # the noise's logarithm, sign and sum, the arg max; log softmax, 5; the sums of both results, 5
    differentiable = False
    baseline: Tensor

    def __init__(self, entropy: float = 0.01, decay: float = 0.9) -> None:
        super().__init__()
        if not 0 <= decay < 1:
            raise UserError(f"selection.decay={decay}: must be at least 0 and below 1")
        self.entropy, self.decay = entropy, decay
        self.register_buffer("baseline", torch.tensor(float("nan")))

    def forward(self, scores: Tensor, mask: Tensor, gain: Tensor | None) -> Choice:
        logits = _masked_logits(scores, mask, gain)
        if not self.training:
            return Choice(_one_hot(logits, mask))
        noise = -torch.empty_like(logits).exponential_().log()
        weights = _one_hot((logits + noise).detach(), mask)
        log_probs = logits.log_softmax(-1)
        entropy = -(log_probs.exp() * log_probs.masked_fill(~mask, 0.0)).sum(-1)
        log_prob = (log_probs * weights).sum(-1)
        return Choice(weights, Draw(log_prob, entropy, self))

    def loss(self, draw: Draw, reward: Tensor, mask: Tensor) -> Tensor:
        """A scalar whose gradient raises the probability of draws with a high reward.

        Args:
            draw: of the batch, `(B, H, T)`.
            reward: log p(target token), `(B, T)`. It passes no gradient.
            mask: True at real target tokens, `(B, T)`.
        """
        reward = reward.detach() * mask
        # Means, not sums, over the outputs that a draw influences: all draws then have one scale, and one baseline.
        if draw.credit == "later":
            total, count = (part.flip(1).cumsum(1).flip(1) for part in (reward, mask))
            reward = total / count.clamp_min(1)
        elif draw.credit == "sentence":
            assert draw.mask is not None
            share = reward.sum(1, keepdim=True) / mask.sum(1, keepdim=True).clamp_min(1)
            reward, mask = share.expand_as(draw.mask), draw.mask
        mean = reward[mask].mean()
        with torch.no_grad():
            self.baseline.copy_(torch.where(self.baseline.isnan(), mean, self.baseline))
        advantage = (reward - self.baseline)[:, None]
        gain = advantage * draw.log_prob + self.entropy * draw.entropy
        with torch.no_grad():
            self.baseline.lerp_(mean.to(self.baseline.dtype), 1 - self.decay)
        return -gain.sum(1)[mask].mean()


class Gumbel(Selection):
    """Straight-through Gumbel-softmax: one position forward, the soft gradient backward. Jang et al. 2017.

    Args:
        temperature: of the relaxation. A lower one is nearer to the hard choice, and has a noisier gradient.
    """

    flops = 12  # the noise's logarithm, sign and sum, the temperature; softmax, 5; the arg max; straight through, 2

    def __init__(self, temperature: float = 1.0) -> None:
        super().__init__()
        if not temperature > 0:
            raise UserError(f"selection.temperature={temperature}: must be greater than 0")
        self.temperature = temperature

    def forward(self, scores: Tensor, mask: Tensor, gain: Tensor | None) -> Choice:
        logits = _masked_logits(scores, mask, gain)
        if not self.training:
            return Choice(_one_hot(logits, mask))
        weights = F.gumbel_softmax(logits, tau=self.temperature, hard=True, dim=-1)
        return Choice(weights.masked_fill(~mask, 0.0))


def masked_softmax(scores: Tensor, mask: Tensor) -> Tensor:
    """Softmax over the last axis, among the positions where `mask` is True. All other weights are 0, also in rows
    without any.
    """
    weights = scores.masked_fill(~mask, torch.finfo(scores.dtype).min).softmax(-1)
    return weights.masked_fill(~mask, 0.0)


def _masked_logits(scores: Tensor, mask: Tensor, gain: Tensor | None) -> Tensor:
    """Logits of softmax(scores) · gain. A hard selection thus chooses among what a soft one would mix."""
    if gain is not None:
        scores = scores + gain.clamp_min(torch.finfo(gain.dtype).tiny).log()
    return scores.masked_fill(~mask, torch.finfo(scores.dtype).min)


def _one_hot(logits: Tensor, mask: Tensor) -> Tensor:
    chosen = F.one_hot(logits.argmax(-1), logits.shape[-1]).to(logits.dtype)
    return chosen.masked_fill(~mask, 0.0)
