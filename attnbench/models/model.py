"""The interface of a sequence-to-sequence model, for training, decoding and evaluation."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Generic, NamedTuple, Protocol, Self, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from attnbench.attention.bounds import Bound
from attnbench.attention.selections import Draw


class State(Protocol):
    """The state of decoding: everything that the next step needs of the source and of the target tokens read so far."""

    @property
    def position(self) -> int:
        """Number of target tokens read, including `<s>`."""
        ...

    @property
    def draws(self) -> tuple[Draw, ...]:
        """The draws made while the source was read; in training only."""
        ...

    def rows(self, index: Tensor) -> Self:
        """The state of the sentences `index` `(N,)`, in that order. An index may occur several times."""
        ...


S = TypeVar("S", bound=State)


class Decoded(NamedTuple, Generic[S]):
    """The result of the decoder for T target tokens.

    Readouts `(B, T, W)`, from which the logits are computed; the state after the tokens; the weights `(B, L, H, T, S)`
    of the L layers that attend the source, if wanted, or None; and the draws of every attention that sampled.
    """

    readouts: Tensor
    state: S
    weights: Tensor | None = None
    draws: tuple[Draw, ...] = ()


class OutputMap(NamedTuple):
    """The map from readouts to the logits of a vocabulary: weight `(V, W)`, and bias `(V,)` or None."""

    weight: Tensor
    bias: Tensor | None

    def __call__(self, readouts: Tensor) -> Tensor:
        """Logits `(..., V)` of readouts `(..., W)`."""
        return F.linear(readouts, self.weight, self.bias)


class Output(NamedTuple):
    """Logits `(B, T, V)`; weights `(B, L, H, T, S)` as in `Decoded`; the draws of every attention in the model."""

    logits: Tensor
    weights: Tensor | None = None
    draws: tuple[Draw, ...] = ()


class Model(nn.Module, ABC, Generic[S]):
    """The base of every model."""

    @abstractmethod
    def start(self, source: Tensor, lengths: Tensor) -> S:
        """Reads the source, ids `(B, S)`, and prepares decoding. In each row, the first `lengths` `(B,)` are real."""

    @abstractmethod
    def decode(self, tokens: Tensor, state: S, *, want_weights: bool = False) -> Decoded[S]:
        """The result of the decoder for `tokens` `(B, T)`.

        Any number of tokens can be read at once. The result does not depend on how a target is cut into steps.
        """

    @property
    @abstractmethod
    def output_map(self) -> OutputMap:
        """The map from readouts to logits."""

    @property
    def source_bound(self) -> Bound | None:
        """How many source tokens the model can read, with `</s>`; None if there is no bound."""
        return None

    @property
    def target_bound(self) -> Bound | None:
        """How many target tokens the model can read, with `<s>`; None if there is no bound."""
        return None

    def step(self, tokens: Tensor, state: S, *, want_weights: bool = False) -> tuple[Tensor, Decoded[S]]:
        """Logits `(B, T, V)` for what follows each of `tokens` `(B, T)`, and the result of the decoder."""
        decoded = self.decode(tokens, state, want_weights=want_weights)
        return self.output_map(decoded.readouts), decoded

    def read(
        self,
        source: Tensor,
        lengths: Tensor,
        target: Tensor,
        *,
        teacher_forcing: float = 1.0,
        want_weights: bool = False,
    ) -> Decoded[S]:
        """The result of the decoder for a whole target, with the draws of every attention in the model.

        Args:
            source: ids `(B, S)`.
            lengths: number of real source tokens in each row, `(B,)`.
            target: ids `(B, T)`, with `<s>` first.
            teacher_forcing: the probability that a step reads the true previous token, not the model's own prediction.
                It is drawn for each token (Bengio et al. 2015).
            want_weights: whether to return the weights over the source too.
        """
        state = self.start(source, lengths)
        if teacher_forcing < 1:
            decoded = self._sampled(target, state, teacher_forcing, want_weights)
        else:
            decoded = self.decode(target, state, want_weights=want_weights)
        return decoded._replace(draws=(*state.draws, *decoded.draws))

    def forward(
        self,
        source: Tensor,
        lengths: Tensor,
        target: Tensor,
        *,
        teacher_forcing: float = 1.0,
        want_weights: bool = False,
    ) -> Output:
        """Logits for what follows each target token; see `read`."""
        decoded = self.read(source, lengths, target, teacher_forcing=teacher_forcing, want_weights=want_weights)
        return Output(self.output_map(decoded.readouts), decoded.weights, decoded.draws)

    def _sampled(self, target: Tensor, state: S, teacher_forcing: float, want_weights: bool) -> Decoded[S]:
        truth = torch.rand(target.shape, device=target.device) < teacher_forcing
        tokens, steps = target[:, :1], list[Decoded[S]]()
        for t in range(1, target.shape[1] + 1):
            steps.append(self.decode(tokens, state, want_weights=want_weights))
            state = steps[-1].state
            if t < target.shape[1]:
                with torch.no_grad():
                    guesses = self.output_map(steps[-1].readouts).argmax(-1)
                tokens = torch.where(truth[:, t : t + 1], target[:, t : t + 1], guesses)
        return join(steps)


def tightest(parts: Iterable[nn.Module]) -> Bound | None:
    """The smallest bound of all modules in `parts`; None if none of them has a bound."""
    found = (getattr(module, "bound", None) for part in parts for module in part.modules())
    return min((bound for bound in found if bound), key=lambda bound: bound.positions, default=None)


def join(steps: Sequence[Decoded[S]]) -> Decoded[S]:
    """Consecutive steps as one. A draw of a step influences the steps after it."""
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
