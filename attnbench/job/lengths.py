"""Whether a model can read the sentences of its task."""

from collections.abc import Iterator

from attnbench.attention.bounds import Bound
from attnbench.errors import UserError
from attnbench.models.model import Model
from attnbench.tasks.task import Task


def check_lengths(model: Model, task: Task) -> None:
    """Refuses sentences that are longer than the model's table of positions.

    Sentences beyond the training length are not checked: their evaluation is left out if the model cannot read them.

    Raises:
        UserError: a sentence of one of the three sets is too long.
    """
    too_long = [found for found in _longest(model, task) if found[0] > found[1].positions]
    if too_long:
        tokens, bound, where = max(too_long)
        raise UserError(
            f"{bound.key}={bound.positions}: {where} has {tokens} tokens, with its end; "
            f"set {bound.key}={tokens} or more"
        )


def _longest(model: Model, task: Task) -> Iterator[tuple[int, Bound, str]]:
    """For each set and each side that has a bound: the tokens of the longest sentence, the bound, and its place."""
    sets = {"training": task.train, "validation": task.validation, "test": task.test}
    for name, pairs in sets.items():
        if bound := model.source_bound:
            tokens = max(len(task.source.encode(pair.source)) for pair in pairs)
            yield tokens + 1, bound, f"a source sentence of the {name} set"
        if bound := model.target_bound:
            tokens = max(len(task.target.encode(pair.target)) for pair in pairs)
            yield tokens + 1, bound, f"a target sentence of the {name} set"
