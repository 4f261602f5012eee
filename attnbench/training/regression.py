"""Kernel regression as attention (Nadaraya 1964, Watson 1964): the estimate at x is a weighted mean of the ys.

The query is x. The keys are the xs of the training points, and the values are their ys, each of width 1 with one head.
The layer is the same as in translation, with any of its scores.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from attnbench.attention import Attention
from attnbench.attention.kernels import Attended
from attnbench.attention.scores import Gaussian
from attnbench.errors import UserError
from attnbench.record import Regression
from attnbench.tasks.regression import Points

WIDTH = 1  # of the attention layer: queries, keys and values are one number each


@dataclass(frozen=True)
class ScoreFitting:
    """How the parameters of a score are fitted, if it has any: Adam, on all training points at once.

    Raises:
        UserError: a value out of range.
    """

    updates: int
    learning_rate: float

    def __post_init__(self) -> None:
        for key in ("updates", "learning_rate"):
            if not getattr(self, key) > 0:
                raise UserError(f"training.{key}={getattr(self, key)}: must be greater than 0")


def attention_pooling(
    layer: Attention, query: Tensor, key: Tensor, value: Tensor, *, want_weights: bool = False
) -> Attended:
    """Means of `value` `(B, S)`, weighted by the score of `query` `(B, T)` with `key` `(B, S)`, as contexts `(B, 1, T,
    1)`.
    """
    memory = layer.memory_of_key_value(key[:, None, :, None], value[:, None, :, None])
    return layer.attend(query[:, None, :, None], memory, want_weights=want_weights)


def leave_one_out(layer: Attention, x: Tensor, y: Tensor) -> Tensor:
    """The estimate at each training point `(N,)` from all other points. A point must not vote for itself."""
    count = len(x)
    others = torch.arange(count, device=x.device).expand(count, count)
    others = others[~torch.eye(count, dtype=torch.bool, device=x.device)].view(count, count - 1)
    return attention_pooling(layer, x[:, None], x[others], y[others]).context.flatten()


def fit(layer: Attention, points: Points, descent: ScoreFitting) -> None:
    """Fits the parameters of the layer's score to the leave-one-out squared error of the training points.

    Raises:
        UserError: the fit diverged.
    """
    parameters = list(layer.score.parameters())
    if not parameters:
        return
    layer.train()
    optimizer = torch.optim.Adam(parameters, lr=descent.learning_rate)
    for _ in range(descent.updates):
        optimizer.zero_grad()
        F.mse_loss(leave_one_out(layer, points.x, points.y), points.y).backward()
        optimizer.step()
    if not all(bool(parameter.isfinite().all()) for parameter in parameters):
        raise UserError(f"training.learning_rate={descent.learning_rate}: the fit diverged; lower it")


@torch.no_grad()
def evaluate_regression(layer: Attention, points: Points) -> Regression:
    """The estimates at the test points, their weights, and their error against the true curve."""
    layer.eval()
    attended = attention_pooling(layer, points.test_x[None], points.x[None], points.y[None], want_weights=True)
    assert attended.weights is not None
    estimate = attended.context.flatten()
    return Regression(
        x=points.x.tolist(),
        y=points.y.tolist(),
        test_x=points.test_x.tolist(),
        truth=points.truth.tolist(),
        estimate=estimate.tolist(),
        weights=[[round(weight, 4) for weight in row] for row in attended.weights[0, 0].tolist()],
        test_error=F.mse_loss(estimate, points.truth).item(),
        left_out_error=F.mse_loss(leave_one_out(layer, points.x, points.y), points.y).item(),
        parameters=sum(parameter.numel() for parameter in layer.score.parameters()),
        sigma=layer.score.log_sigma.exp().item() if isinstance(layer.score, Gaussian) else None,
    )
