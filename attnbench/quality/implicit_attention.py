"""Implicit attention: how much each source token influences each target token, in any model."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.module import register_module_forward_hook

from attnbench.models.model import Model
from attnbench.tasks.task import BOS

TOKENS_AT_ONCE = 2**15  # read by one backward pass, to bound its memory: a sentence of 128 tokens on each side


def implicit_weights(model: Model, source: Sequence[int], target: Sequence[int]) -> Tensor:
    """‖∂ log p(y_t | y_<t, x) / ∂ e(x_s)‖₂, where e are the source embeddings, as weights `(T, S)`.

    This is the sensitivity of Simonyan et al. (2014), for each target token as in Ding et al. (2019). The scale of a
    gradient says how certain the model is, not where it looks. Each row is therefore divided by its sum; a row of zeros
    stays. A hard selection passes no gradient to its scores, but what it selected shows by its values.

    Args:
        model: in evaluation mode; its source ids must first be read by a module.
        source: ids, with the end.
        target: ids, with the end. They are read as they are, whatever the model would predict.
    """
    at_once = max(1, TOKENS_AT_ONCE // (len(source) + len(target)))
    starts = range(0, len(target), at_once)
    norms = [_norms(model, source, target[: start + at_once], start) for start in starts]
    return F.normalize(torch.cat(norms), p=1.0, dim=-1)


def _norms(model: Model, source: Sequence[int], target: Sequence[int], start: int) -> Tensor:
    """The norms of the gradients for the target tokens from `start` on."""
    count, device = len(target) - start, next(model.parameters()).device
    # One backward pass for all: the sentence is copied once for each of these tokens, and each copy is asked for one
    # token.
    sources = torch.tensor([source] * count, device=device)
    begun = torch.tensor([[BOS, *target[:-1]]] * count, device=device)
    embedded: list[Tensor] = []

    # Torch's annotation should be Tensor | None.
    def keep(module: nn.Module, inputs: tuple[object, ...], output: Tensor) -> Any:
        """Of the modules that read the source, each inside the next, the embedding answers first."""
        if embedded or not inputs or inputs[0] is not sources:
            return None
        embedded.append(output.detach().requires_grad_())
        return embedded[0]

    # cuDNN's recurrent networks have no backward pass in evaluation mode.
    with register_module_forward_hook(keep), torch.enable_grad(), torch.backends.cudnn.flags(enabled=False):
        lengths = torch.full((count,), len(source), device=device)
        log_probs = model(sources, lengths, begun).logits.log_softmax(-1)
        copies = torch.arange(count, device=device)
        asked = log_probs[copies, start + copies, torch.tensor(target[start:], device=device)]
        (gradient,) = torch.autograd.grad(asked.sum(), embedded)
    return gradient.norm(dim=-1)
