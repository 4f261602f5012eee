"""One training step: forward, loss, backward, clip, update."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from attnbench.device import Compute
from attnbench.models.model import Decoded, Model, OutputMap
from attnbench.tasks.batches import Batch
from attnbench.tasks.task import PAD
from attnbench.training.loss import Loss
from attnbench.training.recipe import Recipe


class TrainingStep:
    """One training step: forward, loss, backward, clip, update."""

    def __init__(self, model: Model, recipe: Recipe, compute: Compute) -> None:
        self.model, self.recipe, self.compute = model, recipe, compute
        self.optimizer = torch.optim.AdamW(
            model.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay, fused=True
        )
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimizer, recipe.rate)
        self.gradient_norm = torch.zeros(())  # of the last step, before it was clipped

    def __call__(self, batch: Batch) -> Tensor:
        """The loss before the update, without a gradient."""
        self.model.train()
        forcing = self.recipe.teacher_forcing
        with self.compute.products():
            with self.compute.autocast():
                decoded = self.model.read(batch.source, batch.lengths, batch.target, teacher_forcing=forcing)
                loss = objective(decoded, self.model.output_map, batch.expected, self.recipe.loss)
            loss.backward()
        self.gradient_norm = nn.utils.clip_grad_norm_(self.model.parameters(), self.recipe.clip)
        self.optimizer.step()
        self.schedule.step()
        # The gradients are freed here, not before the next step, so that they count in the peak of the step that made
        # them.
        self.optimizer.zero_grad()
        return loss.detach()


def objective(decoded: Decoded, output_map: OutputMap, expected: Tensor, loss: Loss) -> Tensor:
    """The mean loss over real tokens. For attention that samples, the losses of its policies are added."""
    readouts = decoded.readouts.flatten(0, 1)
    distance = loss.of_readouts(readouts, output_map, expected.flatten())
    if not decoded.draws:
        return distance
    with torch.no_grad():
        logits = output_map(readouts).float()
        reward = -F.cross_entropy(logits, expected.flatten(), reduction="none").view_as(expected)
    return distance + sum(draw.loss(reward, expected != PAD) for draw in decoded.draws)
