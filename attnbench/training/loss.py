"""The losses: how far the predicted distributions are from the true tokens.

p = softmax(logits) is the prediction for a token, and q is the target distribution. A share s, `label_smoothing`, is
spread evenly over the vocabulary of V types: q = 1 - s + s/V at the true token, and s/V elsewhere. Szegedy et al. 2016,
section 7.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional as F

from attnbench import compiled
from attnbench.compiled.vocabulary_loss import cross_entropy
from attnbench.errors import UserError
from attnbench.models.model import OutputMap
from attnbench.tasks.task import PAD


@dataclass(frozen=True)
class Loss(ABC):
    """The base of all losses.

    Raises:
        UserError: `label_smoothing` is not from 0 to 1.
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
            expected: true ids `(N,)`; `<pad>` where there is no token.
        """

    def of_readouts(self, readouts: Tensor, output_map: OutputMap, expected: Tensor) -> Tensor:
        """The same, from readouts `(N, W)` and the map from them to the logits."""
        return self(output_map(readouts).float(), expected)


class CrossEntropy(Loss):
    """-Σ q log p in nats: KL(q ‖ p), plus the entropy of q, which the model cannot change."""

    def __call__(self, logits: Tensor, expected: Tensor) -> Tensor:
        return F.cross_entropy(logits, expected, ignore_index=PAD, label_smoothing=self.label_smoothing)

    def of_readouts(self, readouts: Tensor, output_map: OutputMap, expected: Tensor) -> Tensor:
        if not compiled.runs_on(readouts, output_map.weight):
            return super().of_readouts(readouts, output_map, expected)
        real = expected != PAD
        return cross_entropy(readouts[real], *output_map, expected[real], self.label_smoothing)


class Squared(Loss):
    """‖p - q‖², from 0 to 2: the Brier score. Brier 1950."""

    def __call__(self, logits: Tensor, expected: Tensor) -> Tensor:
        true = expected[:, None]
        error = logits.softmax(-1) - self.label_smoothing / logits.shape[-1]
        error = error.scatter_add(-1, true, error.new_full(true.shape, self.label_smoothing - 1))
        real = expected != PAD
        return (error.square().sum(-1) * real).sum() / real.sum()
