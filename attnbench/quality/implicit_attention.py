"""Implicit attention: how much each source token sways each target token, whether or not the model attends."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.module import register_module_forward_hook

from attnbench.models.model import Model
from attnbench.tasks.task import BOS


def implicit_weights(model: Model, source: Sequence[int], target: Sequence[int]) -> Tensor:
    """‖∂ log p(y_t | y_<t, x) / ∂ e(x_s)‖₂, e being the source embeddings, as weights `(T, S)`.

    The sensitivity of Simonyan et al. (2014), for each target token as in Ding et al. (2019). The gradient's scale says
    how sure the model is, not where it looks, so each row is divided by its sum; a row of zeros stays one. A hard
    selection passes no gradient to its scores: what it selected still shows, by its values.

    Args:
        model: any whose source ids are first read by a module; in evaluation mode.
        source: ids, the end included.
        target: ids, the end included; they are read as they are, whatever the model would have said.
    """
    count, device = len(target), next(model.parameters()).device
    # One backward pass for all: as many copies of the sentence as it has target tokens, each asked for one of them.
    sources = torch.tensor([source] * count, device=device)
    begun = torch.tensor([[BOS, *target[:-1]]] * count, device=device)
    embedded: list[Tensor] = []

    def keep(module: nn.Module, inputs: tuple[object, ...], output: Tensor) -> Any:  # torch means Tensor | None
        """Of the modules that read the source, each inside the next, the embedding answers first."""
        if embedded or not inputs or inputs[0] is not sources:
            return None
        embedded.append(output.detach().requires_grad_())
        return embedded[0]

    # cuDNN's recurrent networks have no backward pass in evaluation mode.
    with register_module_forward_hook(keep), torch.enable_grad(), torch.backends.cudnn.flags(enabled=False):
        lengths = torch.full((count,), len(source), device=device)
        log_probs = model(sources, lengths, begun).logits.log_softmax(-1)
        steps = torch.arange(count, device=device)
        asked = log_probs[steps, steps, torch.tensor(target, device=device)]
        (gradient,) = torch.autograd.grad(asked.sum(), embedded)
    return F.normalize(gradient.norm(dim=-1), p=1.0, dim=-1)
