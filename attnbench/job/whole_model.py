"""A whole model as a contender: what a training step and the decoding of a sentence cost at a length."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from attnbench.cost.runner import ContenderSetup
from attnbench.device import Compute
from attnbench.generator_seed import generator_seed
from attnbench.models.initialise import initialise
from attnbench.models.model import Model
from attnbench.record import Passes
from attnbench.tasks.batches import Batch
from attnbench.tasks.task import BOS, SPECIALS
from attnbench.training.recipe import Recipe
from attnbench.training.step import TrainingStep


class WholeModel:
    """A sequence-to-sequence model on random sentences of n source tokens and n target tokens.

    A call with `forward+backward` is a training step on a batch. A call with `forward` decodes one sentence, token by
    token, and takes the most likely token each time. It ends after n tokens, whatever they are.

    Args:
        heads: not used: the model has its own.
        head_dim: not used.
        model: makes the model from the sizes of both vocabularies.
        recipe: of the training step.
        vocabulary: types of either side, with the special ones.
    """

    def __init__(
        self, heads: int, head_dim: int, *, model: Callable[[int, int], Model], recipe: Recipe, vocabulary: int
    ) -> None:
        self.make, self.recipe, self.vocabulary = partial(model, vocabulary, vocabulary), recipe, vocabulary
        self.model: Model | None = None

    def call(self, setup: ContenderSetup, length: int, passes: Passes) -> Callable[[], None]:
        """Makes the call that is measured."""
        if self.model is None:
            self.model = self.make()
            initialise(self.model, setup.seed)
            self.model.to(setup.device)
        generator = torch.Generator().manual_seed(generator_seed(setup.seed))
        first = len(SPECIALS)

        def tokens() -> Tensor:
            shape = setup.batch_size, length
            return torch.randint(first, self.vocabulary, shape, generator=generator).to(setup.device)

        source, expected = tokens(), tokens()
        lengths = torch.full((setup.batch_size,), length, device=setup.device)
        compute = Compute(setup.device, "fp32" if setup.dtype == torch.float32 else "bf16")
        if passes == "forward":
            return partial(_decode, self.model, source[:1], lengths[:1], length, compute)
        target = torch.cat([torch.full_like(expected[:, :1], BOS), expected[:, :-1]], dim=1)
        rows = [*range(setup.batch_size)]
        batch = Batch(source, lengths, target, expected, rows, expected.numel())
        step = TrainingStep(self.model, self.recipe, compute)

        def train() -> None:
            step(batch)

        return train


@torch.no_grad()
def _decode(model: Model, source: Tensor, lengths: Tensor, length: int, compute: Compute) -> None:
    model.eval()
    with compute.products(), compute.autocast():
        state = model.start(source, lengths)
        tokens = torch.full_like(source[:, :1], BOS)
        for _ in range(length):
            logits, decoded = model.step(tokens, state)
            tokens, state = logits.argmax(-1), decoded.state
