"""Turns scores into weights. A soft selection gives a weight to each position. A hard selection takes one position.

A selection takes the scores `(B, H, T, S)`, a boolean mask that broadcasts to them (True: may attend to this key), and
the logarithm of the gain (the Gaussian factors of the scope) or None. It returns a `Choice`. The weight of a masked
position is exactly 0. If all positions of a row are masked, all weights of the row are 0.
"""

from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from attnbench import compiled
from attnbench.compiled.noise import gumbel_noise
from attnbench.errors import UserError

Credit = Literal["step", "later", "sentence"]


class Draw(NamedTuple):
    """Positions that were sampled without a gradient. `policy` turns them into a loss.

    `log_prob` and `entropy` are `(B, H, T)`. `credit` says which outputs a draw influences:

    - "step": the output of its own step.
    - "later": the outputs of its own step and of all later steps.
    - "sentence": all outputs of the sentence. This is the case in an encoder. `mask` `(B, T)` is then True at real
      queries.
    """

    log_prob: Tensor
    entropy: Tensor
    policy: "Reinforce"
    credit: Credit = "step"
    mask: Tensor | None = None

    def loss(self, reward: Tensor, mask: Tensor) -> Tensor:
        """The loss of this draw. See `Reinforce.loss`."""
        return self.policy.loss(self, reward, mask)


class Choice(NamedTuple):
    """The weights `(B, H, T, S)`. Also the draw, if the selection sampled positions and needs its own loss."""

    weights: Tensor
    draw: Draw | None = None


class Selection(nn.Module):
    """The base of all selections.

    `flops`: the floating-point operations for each score in training. A maximum counts as 1 operation. The sampling of
    random numbers and dropout do not count. `differentiable`: whether the weights have a gradient.
    """

    flops: int
    differentiable = True

    def forward(self, scores: Tensor, mask: Tensor, log_gain: Tensor | None) -> Choice:
        """Computes the weights. See the docstring of the module for the shapes."""
        raise NotImplementedError

    @property
    def now(self) -> "Selection":
        """The selection at this moment of a training; see `Hard`."""
        return self


class Soft(Selection):
    """softmax(scores), multiplied by the gain of the scope: differentiable everywhere. Bahdanau et al. 2015, eq. 6.

    Without a gain, the weights are softmax(scores).

    Args:
        dropout: the probability that a weight is set to 0 in training. The other weights are scaled up to compensate.
            Vaswani et al. 2017, section 5.4.
    """

    flops = 5  # maximum, difference, exponential, sum, quotient

    def __init__(self, dropout: float = 0.0) -> None:
        super().__init__()
        if not 0 <= dropout < 1:
            raise UserError(f"selection.dropout={dropout}: must be at least 0 and below 1")
        self.dropout = dropout

    def forward(self, scores: Tensor, mask: Tensor, log_gain: Tensor | None) -> Choice:
        weights = masked_softmax(scores, mask)
        if log_gain is not None:
            weights = weights * log_gain.exp().to(weights.dtype)
        return Choice(F.dropout(weights, self.dropout, self.training))


class Hard(Selection):
    """The base of the selections that take one position: in evaluation, the most probable one.

    A training may begin soft. A model of several layers that selects nearly random positions learns nothing from them,
    and so its scores stay nearly equal. Learning from the easier problem first is a curriculum, Bengio et al. 2009.

    Args:
        soft_updates: the share of a training in which the selection is `Soft`, at its beginning: at least 0, below 1.
        expected: the probability that a later update is soft too: at least 0, below 1.

    Attributes:
        soft: whether the current update of a training is soft. The training sets it.
    """

    def __init__(self, soft_updates: float = 0.0, expected: float = 0.0) -> None:
        super().__init__()
        for name, value in {"soft_updates": soft_updates, "expected": expected}.items():
            if not 0 <= value < 1:
                raise UserError(f"selection.{name}={value}: must be at least 0 and below 1")
        self.soft_updates, self.expected = soft_updates, expected
        self.soft, self._as_soft = False, Soft()

    @property
    def now(self) -> Selection:
        return self._as_soft if self.soft and self.training else self

    def forward(self, scores: Tensor, mask: Tensor, log_gain: Tensor | None) -> Choice:
        logits = _masked_logits(scores, mask, log_gain)
        return self.choose(logits, mask) if self.training else Choice(_one_hot(logits, mask))

    def choose(self, logits: Tensor, mask: Tensor) -> Choice:
        """The choice in training, from the distribution softmax(logits). Masked logits are the lowest number."""
        raise NotImplementedError


class Reinforce(Hard):
    """Samples one position in training. Its gradient is the score-function gradient. Xu et al. 2015, section 4.1.

    The gradient of the expected reward is that of (reward - baseline) log p. The baseline of a token is a moving
    average of the rewards.

    Args:
        reward: the weight of the reward, λ_r of Xu et al. With 1, a training step follows the gradient of one
            objective: the mean log-likelihood of the target tokens, expected over the draws. The noise of that
            gradient grows with the number of draws. A smaller weight lets the rest of the model learn beside it.
        entropy: the weight of the entropy of the draws, λ_e. Without it, the policy may become certain too early.
        decay: the decay of the moving average, at least 0 and below 1. With 0, the baseline is the mean reward of the
            last batch. With a decay near 1, the baseline changes slowly.
        expected: the probability that an update takes the expected context instead of a drawn one: the selection is
            then `Soft`. Xu et al. draw this for each image, and take 0.5. Here, it is drawn for each batch and layer.
        soft_updates: see `Hard`.
    """

    flops = 14  # noise: logarithm, sign, sum; arg max; log softmax: 5; log_prob and entropy: 5
    differentiable = False
    baseline: Tensor

    def __init__(
        self,
        reward: float = 0.1,
        entropy: float = 0.01,
        decay: float = 0.9,
        expected: float = 0.0,
        soft_updates: float = 0.0,
    ) -> None:
        super().__init__(soft_updates, expected)
        if not 0 <= decay < 1:
            raise UserError(f"selection.decay={decay}: must be at least 0 and below 1")
        self.reward, self.entropy, self.decay = reward, entropy, decay
        self.register_buffer("baseline", torch.tensor(float("nan")))

    def choose(self, logits: Tensor, mask: Tensor) -> Choice:
        weights = _one_hot((logits + _gumbel_noise(logits)).detach(), mask)
        log_probs = logits.log_softmax(-1)
        entropy = -(log_probs.exp() * log_probs.masked_fill(~mask, 0.0)).sum(-1)
        log_prob = (log_probs * weights).sum(-1)
        return Choice(weights, Draw(log_prob, entropy, self))

    def loss(self, draw: Draw, reward: Tensor, mask: Tensor) -> Tensor:
        """A scalar loss, a mean over the target tokens. A gradient step on it raises the chance of draws with a high
        reward.

        The reward of a draw is the sum over the outputs that it influences: only then is this the gradient of one
        objective. The baseline of a draw is that of a token, times the number of these outputs.

        Args:
            draw: the draw of the batch, `(B, H, T)`.
            reward: log p(target token), `(B, T)`. No gradient flows through it.
            mask: True at real target tokens, `(B, T)`.
        """
        tokens, mean = mask.sum(), reward.detach()[mask].mean()
        with torch.no_grad():
            self.baseline.copy_(torch.where(self.baseline.isnan(), mean, self.baseline))
        gained, real = (reward.detach() - self.baseline) * mask, mask
        if draw.credit == "later":
            gained = gained.flip(1).cumsum(1).flip(1)
        elif draw.credit == "sentence":
            assert draw.mask is not None
            gained, real = gained.sum(1, keepdim=True).expand_as(draw.mask), draw.mask
        objective = self.reward * gained[:, None] * draw.log_prob + self.entropy * draw.entropy
        with torch.no_grad():
            self.baseline.lerp_(mean.to(self.baseline.dtype), 1 - self.decay)
        return -objective.sum(1)[real].sum() / tokens


class StraightThrough(Hard):
    """One position forward, the gradient of the softmax backward: always the most probable one, without any noise.
    Bengio et al. 2013.

    Args:
        soft_updates: see `Hard`.
    """

    flops = 8  # softmax: 5; arg max; straight-through: 2

    def choose(self, logits: Tensor, mask: Tensor) -> Choice:
        return Choice(_straight_through(logits.softmax(-1), mask))


class Gumbel(Hard):
    """Straight-through Gumbel-softmax: a drawn position forward, a soft gradient backward. Jang et al. 2017.

    Args:
        temperature: of the softmax whose gradient is taken. A lower one is nearer to the hard choice, but its gradient
            is noisier. It does not change what is drawn: that has the chances softmax(scores), whatever the
            temperature.
        soft_updates: see `Hard`.
    """

    flops = 12  # noise: logarithm, sign, sum; temperature; softmax: 5; arg max; straight-through: 2

    def __init__(self, temperature: float = 1.0, soft_updates: float = 0.0) -> None:
        super().__init__(soft_updates)
        if not temperature > 0:
            raise UserError(f"selection.temperature={temperature}: must be greater than 0")
        self.temperature = temperature

    def choose(self, logits: Tensor, mask: Tensor) -> Choice:
        return Choice(_straight_through(((logits + _gumbel_noise(logits)) / self.temperature).softmax(-1), mask))


def _gumbel_noise(logits: Tensor) -> Tensor:
    """Independent Gumbel noise: the largest of logits + noise is a draw from their softmax. Gumbel 1954."""
    if compiled.runs_on(logits):
        return gumbel_noise(logits)
    return -torch.empty_like(logits).exponential_().log()


def masked_softmax(scores: Tensor, mask: Tensor) -> Tensor:
    """Softmax over the last axis, restricted to the positions where `mask` is True.

    All other weights are 0. If `mask` is False in a whole row, all weights of the row are 0.
    """
    weights = scores.masked_fill(~mask, torch.finfo(scores.dtype).min).softmax(-1)
    return weights.masked_fill(~mask, 0.0)


def _masked_logits(scores: Tensor, mask: Tensor, log_gain: Tensor | None) -> Tensor:
    """The logits of the distribution softmax(scores) · gain, renormalised. A hard selection chooses from it."""
    if log_gain is not None:
        scores = scores + log_gain.to(scores.dtype)
    return scores.masked_fill(~mask, torch.finfo(scores.dtype).min)


def _straight_through(soft: Tensor, mask: Tensor) -> Tensor:
    """One at the largest weight and zero elsewhere, with the gradient of the soft weights."""
    hard = torch.zeros_like(soft).scatter_(-1, soft.detach().argmax(-1, keepdim=True), 1.0)
    return (hard - soft.detach() + soft).masked_fill(~mask, 0.0)


def _one_hot(logits: Tensor, mask: Tensor) -> Tensor:
    chosen = F.one_hot(logits.argmax(-1), logits.shape[-1]).to(logits.dtype)
    return chosen.masked_fill(~mask, 0.0)
