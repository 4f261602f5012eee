"""What a model is trained on: how far the distributions it gives are from the true tokens.

p = softmax(logits) is what the model gives a token, and q what it should give: the truth, of which `label_smoothing` s
is spread evenly over the vocabulary of V, so that q = 1 - s + s/V at the true token and s/V elsewhere. Szegedy et al.
2016, section 7.
"""

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor
from torch.nn import functional as F

from attnbench.errors import UserError
from attnbench.tasks.task import PAD


class Loss(Protocol):
    """A loss, as training sees it."""

    def __call__(self, logits: Tensor, expected: Tensor) -> Tensor:
        """The mean over the real tokens.

        Args:
            logits: `(N, V)`.
            expected: true ids `(N,)`, `<pad>` where there is no token.
        """
        ...


@dataclass(frozen=True)
class CrossEntropy:
    """-Σ q log p in nats: KL(q ‖ p), up to the entropy of q, which no model changes.

    Raises:
        UserError: a share that is none.
    """

    label_smoothing: float

    def __post_init__(self) -> None:
        _check(self.label_smoothing)

    def __call__(self, logits: Tensor, expected: Tensor) -> Tensor:
        return F.cross_entropy(logits, expected, ignore_index=PAD, label_smoothing=self.label_smoothing)


@dataclass(frozen=True)
class Squared:
    """‖p - q‖², from 0 to 2: the Brier score. Brier 1950.

    Raises:
        UserError: a share that is none.
    """

    label_smoothing: float

    def __post_init__(self) -> None:
        _check(self.label_smoothing)

    def __call__(self, logits: Tensor, expected: Tensor) -> Tensor:
        true = expected[:, None]
        error = logits.softmax(-1) - self.label_smoothing / logits.shape[-1]
        error = error.scatter_add(-1, true, error.new_full(true.shape, self.label_smoothing - 1))
        real = expected != PAD
        return (error.square().sum(-1) * real).sum() / real.sum()


def _check(label_smoothing: float) -> None:
    if not 0 <= label_smoothing <= 1:
        raise UserError(f"loss.label_smoothing={label_smoothing}: must be from 0 to 1")
