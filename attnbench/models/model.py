"""What a sequence-to-sequence model is to those who train it, decode with it, and judge it."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Generic, NamedTuple, Protocol, Self, TypeVar

import torch
from torch import Tensor, nn

from attnbench.attention.selections import Draw


class State(Protocol):
    """Where decoding stands: all that the next step needs of the source and of the target tokens read so far."""

    @property
    def position(self) -> int:
        """Target tokens read, the first being `<s>`."""
        ...

    @property
    def draws(self) -> tuple[Draw, ...]:
        """What reading the source drew; in training only."""
        ...

    def rows(self, index: Tensor) -> Self:
        """The state of the sentences `index` `(N,)`, in that order, any as often as it is named."""
        ...


S = TypeVar("S", bound=State)


class Decoded(NamedTuple, Generic[S]):
    """What the decoder made of T target tokens.

    Readouts `(B, T, W)`, from which the logits come; the state after them; if wanted, the weights `(B, L, H, T, S)` of
    the L layers that attend the source, None where there are none; and the draws of every attention that drew.
    """

    readouts: Tensor
    state: S
    weights: Tensor | None = None
    draws: tuple[Draw, ...] = ()


class Output(NamedTuple):
    """Logits `(B, T, V)`; weights `(B, L, H, T, S)` as of `Decoded`; the draws of every attention in the model."""

    logits: Tensor
    weights: Tensor | None = None
    draws: tuple[Draw, ...] = ()


class Model(nn.Module, ABC, Generic[S]):
    """The base of every model."""

    @abstractmethod
    def start(self, source: Tensor, lengths: Tensor) -> S:
        """Reads the source, ids `(B, S)` of which the first `lengths` `(B,)` are real, and makes ready to decode."""

    @abstractmethod
    def step(self, tokens: Tensor, state: S, *, want_weights: bool = False) -> tuple[Tensor, Decoded[S]]:
        """Logits `(B, T, V)` of what follows each of `tokens` `(B, T)`, and what the decoder made of them.

        Any number of tokens at once; however a target is cut into steps, the logits are the same.
        """

    def forward(
        self,
        source: Tensor,
        lengths: Tensor,
        target: Tensor,
        *,
        teacher_forcing: float = 1.0,
        want_weights: bool = False,
    ) -> Output:
        """Logits of what follows each target token.

        Args:
            source: ids `(B, S)`.
            lengths: real source tokens of each row, `(B,)`.
            target: ids `(B, T)`, beginning of sentence first.
            teacher_forcing: the chance that a step reads the true token before it, rather than the model's own guess
                (drawn a token at a time: Bengio et al. 2015).
            want_weights: also return the weights over the source.
        """
        state = self.start(source, lengths)
        if teacher_forcing < 1:
            logits, decoded = self._sampled(target, state, teacher_forcing, want_weights)
        else:
            logits, decoded = self.step(target, state, want_weights=want_weights)
        return Output(logits, decoded.weights, (*state.draws, *decoded.draws))

    def _sampled(
        self, target: Tensor, state: S, teacher_forcing: float, want_weights: bool
    ) -> tuple[Tensor, Decoded[S]]:
        truth = torch.rand(target.shape, device=target.device) < teacher_forcing
        tokens, predictions, steps = target[:, :1], list[Tensor](), list[Decoded[S]]()
        for t in range(1, target.shape[1] + 1):
            logits, decoded = self.step(tokens, state, want_weights=want_weights)
            predictions.append(logits)
            steps.append(decoded)
            state = decoded.state
            if t < target.shape[1]:
                tokens = torch.where(truth[:, t : t + 1], target[:, t : t + 1], logits.argmax(-1))
        return torch.cat(predictions, dim=1), join(steps)


def join(steps: Sequence[Decoded[S]]) -> Decoded[S]:
    """Consecutive steps as one; what one of them drew bears on the steps after it."""
    weights = [decoded.weights for decoded in steps if decoded.weights is not None]
    return Decoded(
        torch.cat([decoded.readouts for decoded in steps], dim=1),
        steps[-1].state,
        torch.cat(weights, dim=3) if weights else None,
        tuple(_join_draws(draws) for draws in zip(*(decoded.draws for decoded in steps), strict=True)),
    )


def _join_draws(draws: Sequence[Draw]) -> Draw:
    log_prob = torch.cat([draw.log_prob for draw in draws], dim=2)
    entropy = torch.cat([draw.entropy for draw in draws], dim=2)
    return Draw(log_prob, entropy, draws[0].policy, "later")
