"""What a model is trained on: how far the distributions it gives are from the true tokens.

p = softmax(logits) is what the model gives a token, and q what it should give: the truth, of which `label_smoothing` s
is spread evenly over the vocabulary of V, so that q = 1 - s + s/V at the true token and s/V elsewhere. Szegedy et al.
2016, section 7.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional as F

from attnbench.errors import UserError
from attnbench.tasks.task import PAD


@dataclass(frozen=True)
class Loss(ABC):
    """The base: a loss, as training sees it.

    Raises:
        UserError: a share that is none.
    """

    label_smoothing: float

    def __post_init__(self) -> None:
        if not 0 <= self.label_smoothing <= 1:
            raise UserError(f"loss.label_smoothing={self.label_smoothing}: must be from 0 to 1")

    @abstractmethod
    def __call__(self, logits: Tensor, expected: Tensor) -> Tensor:
        """The mean over the real tokens.

        Args:
            logits: `(N, V)`.
            expected: true ids `(N,)`, `<pad>` where there is no token.
        """


class CrossEntropy(Loss):
    """-Σ q log p in nats: KL(q ‖ p), up to the entropy of q, which no model changes."""

    def __call__(self, logits: Tensor, expected: Tensor) -> Tensor:
        return F.cross_entropy(logits, expected, ignore_index=PAD, label_smoothing=self.label_smoothing)


class Squared(Loss):
    """‖p - q‖², from 0 to 2: the Brier score. Brier 1950."""

    def __call__(self, logits: Tensor, expected: Tensor) -> Tensor:
        true = expected[:, None]
        error = logits.softmax(-1) - self.label_smoothing / logits.shape[-1]
        error = error.scatter_add(-1, true, error.new_full(true.shape, self.label_smoothing - 1))
        real = expected != PAD
        return (error.square().sum(-1) * real).sum() / real.sum()
