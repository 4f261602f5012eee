"""From a config's nodes to what they describe."""

from typing import Any

from hydra.errors import InstantiationException
from hydra.utils import instantiate
from omegaconf import DictConfig

from attnbench.errors import UserError
from attnbench.models.rnn import RNN


def build(node: DictConfig, *args: Any, **kwargs: Any) -> Any:
    """`hydra.utils.instantiate`, with what the user can put right raised as it was, not wrapped.

    Raises:
        UserError: from the constructor, or for a key or a type of value that it does not take.
    """
    try:
        return instantiate(node, *args, **kwargs)
    except InstantiationException as error:
        cause = error.__cause__
        if isinstance(cause, UserError):
            raise cause from None
        if isinstance(cause, TypeError):
            raise UserError(f"{node.get('_target_')}: {cause}") from error
        raise


def build_model(node: DictConfig, source_vocabulary: int, target_vocabulary: int) -> RNN:
    """The model that a config's `model` node describes, for vocabularies of these sizes."""
    try:
        return build(node)(source_vocabulary, target_vocabulary)
    except TypeError as error:
        # A key that one of the model's parts does not know, say: they are made here, not when the config is read.
        raise UserError(f"model: {error}") from error
