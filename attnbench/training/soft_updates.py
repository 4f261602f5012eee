"""The updates of a training in which a hard selection is soft; see `attnbench.attention.selections.Hard`."""

import torch
from torch import nn

from attnbench.attention.selections import Hard
from attnbench.errors import UserError


class SoftUpdates:
    """The updates of a training in which hard selections are soft: all at its beginning, later some by chance.

    Args:
        model: that is trained.
        most_updates: the bound on its updates; None if there is none.

    Attributes:
        first: the number of them at the beginning. A validation of these is of a model that has not been hard yet.

    Raises:
        UserError: a share of the training is asked for, and nothing bounds its updates.
    """

    def __init__(self, model: nn.Module, most_updates: int | None) -> None:
        self._ends = {part: _end(part, most_updates) for part in model.modules() if isinstance(part, Hard)}
        self.first = max(self._ends.values(), default=0)

    def before(self, update: int) -> None:
        """Prepares the model for an update; the first one is number 0."""
        for part, end in self._ends.items():
            # Nothing is drawn where nothing is asked for: all other random numbers stay as they are.
            by_chance = part.expected > 0 and float(torch.rand(())) < part.expected
            part.soft = update < end or by_chance

    def leave(self) -> None:
        """Makes the model hard, as it is outside of a training."""
        for part in self._ends:
            part.soft = False


def _end(part: Hard, most_updates: int | None) -> int:
    """The update at which the soft beginning of a selection ends."""
    if not part.soft_updates:
        return 0
    if most_updates is None:
        raise UserError(
            f"selection.soft_updates={part.soft_updates}: is a share of training.updates or of training.epochs, and "
            "both are null; set one of them, or selection.soft_updates=0"
        )
    return int(part.soft_updates * most_updates)
