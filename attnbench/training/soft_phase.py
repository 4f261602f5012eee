"""The first part of a training, in which hard selections are soft; see `attnbench.attention.selections.Hard`."""

from torch import nn

from attnbench.attention.selections import Hard
from attnbench.errors import UserError


class SoftPhase:
    """The first part of a training, in which hard selections are soft.

    Args:
        model: that is trained.
        most_updates: the bound on its updates; None if there is none.

    Attributes:
        updates: of this part. A validation at one of them is of a model that has not been hard yet.

    Raises:
        UserError: a share of the training is asked for, and nothing bounds its updates.
    """

    def __init__(self, model: nn.Module, most_updates: int | None) -> None:
        self.ends: dict[Hard, int] = {}
        for part in model.modules():
            if isinstance(part, Hard) and part.soft_updates:
                if most_updates is None:
                    raise UserError(
                        f"selection.soft_updates={part.soft_updates}: is a share of training.updates or of "
                        "training.epochs, and both are null; set one of them, or selection.soft_updates=0"
                    )
                self.ends[part] = int(part.soft_updates * most_updates)
        self.updates = max(self.ends.values(), default=0)

    def before(self, update: int) -> None:
        """Prepares the model for an update; the first one is number 0."""
        for part, end in self.ends.items():
            part.soft = update < end

    def leave(self) -> None:
        """Makes the model hard, as it is outside of a training."""
        for part in self.ends:
            part.soft = False
