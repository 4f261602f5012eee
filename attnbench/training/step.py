"""One training step: forward, loss, backward, clip, update."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from attnbench.device import Compute
from attnbench.models.model import Model, Output
from attnbench.tasks.batches import Batch
from attnbench.tasks.task import PAD
from attnbench.training.loss import Loss
from attnbench.training.recipe import Recipe, learning_rate_factor


class TrainingStep:
    """One training step: forward, loss, backward, clip, update."""

    def __init__(self, model: Model, recipe: Recipe, budget: int, compute: Compute) -> None:
        self.model, self.recipe, self.compute = model, recipe, compute
        self.optimizer = torch.optim.AdamW(
            model.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay, fused=True
        )
        self.schedule = torch.optim.lr_scheduler.LambdaLR(
            self.optimizer, lambda update: learning_rate_factor(update, recipe.warmup, budget)
        )

    def __call__(self, batch: Batch) -> Tensor:
        """The loss before the update, without a gradient."""
        self.model.train()
        with self.compute.autocast():
            output = self.model(batch.source, batch.lengths, batch.target, teacher_forcing=self.recipe.teacher_forcing)
        loss = objective(output, batch.expected, self.recipe.loss)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), self.recipe.clip)
        self.optimizer.step()
        self.schedule.step()
        # The gradients are freed here, not before the next step, so that they count in the peak of the step that made
        # them.
        self.optimizer.zero_grad()
        return loss.detach()


def objective(output: Output, expected: Tensor, loss: Loss) -> Tensor:
    """The mean loss over real tokens. For attention that samples, the losses of its policies are added."""
    logits = output.logits.float().flatten(0, 1)
    distance = loss(logits, expected.flatten())
    if not output.draws:
        return distance
    reward = -F.cross_entropy(logits.detach(), expected.flatten(), reduction="none").view_as(expected)
    return distance + sum(draw.loss(reward, expected != PAD) for draw in output.draws)
