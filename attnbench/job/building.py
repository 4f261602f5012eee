"""From a config's nodes to what they describe."""

from typing import Any

from hydra.errors import InstantiationException
from hydra.utils import get_object, instantiate
from omegaconf import DictConfig, OmegaConf

from attnbench.attention import Attention
from attnbench.attention.heads import head_width
from attnbench.device import dtype
from attnbench.errors import UserError
from attnbench.measure.trial import Entry
from attnbench.models.model import Model


def build(node: DictConfig, *args: Any, **kwargs: Any) -> Any:
    """`hydra.utils.instantiate`, with what the user can put right raised as it was, not wrapped.

    Raises:
        UserError: from the constructor, or for a key or a type of value that it does not take.
    """
    try:
        # Resolved here: Hydra would do so in place, in what the node refers to as well.
        plain = OmegaConf.to_container(node, resolve=True, throw_on_missing=True)
        return instantiate(plain, *args, **kwargs)
    except InstantiationException as error:
        cause = error.__cause__
        if isinstance(cause, UserError):
            raise cause from None
        if isinstance(cause, TypeError):
            raise UserError(f"{node.get('_target_')}: {cause}") from error
        raise


def build_model(node: DictConfig, source_vocabulary: int, target_vocabulary: int) -> Model:
    """The model that a config's `model` node describes, for vocabularies of these sizes."""
    try:
        return build(node)(source_vocabulary, target_vocabulary)
    except TypeError as error:
        # A key that one of the model's parts does not know, say: they are made here, not when the config is read.
        raise UserError(f"model: {error}") from error


def attention_node(node: DictConfig) -> DictConfig | None:
    """The first attention layer in the config of a model, whatever the model calls it; None if it has none."""
    for child in node.values():
        if isinstance(child, DictConfig):
            layer = get_object(child._target_) is Attention
            if found := child if layer else attention_node(child):
                return found
    return None


def build_entry(cfg: DictConfig) -> Entry:
    """The contender of a cost job's config, and what is measured of it."""
    head_dim = head_width(cfg.width, cfg.heads)
    contender = build(cfg.contender, cfg.heads, head_dim)
    return Entry(contender, cfg.heads, head_dim, build(cfg.cost), build(cfg.device), dtype(cfg.precision), cfg.seed)
