"""Implicit attention against finite differences."""

from typing import Any

import pytest
import torch
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from torch import Tensor, nn

from attnbench.cli.paths import CONF
from attnbench.models.initialise import initialise
from attnbench.models.model import Model
from attnbench.models.rnn.rnn import RNN
from attnbench.quality import implicit_attention
from attnbench.quality.implicit_attention import implicit_weights
from attnbench.tasks.task import BOS, EOS

SOURCE, TARGET = [5, 4, 7, EOS], [6, 4, EOS]
MODELS = {
    "none": ["decoder=none"],
    "luong": ["decoder=luong"],
    "bahdanau": ["decoder=bahdanau", "score=additive", "model.cell=lstm"],
    "hard": ["selection=gumbel", "scope=local_p"],
    "transformer": ["model=transformer", "heads=2"],
    "hard transformer": ["model=transformer", "heads=1", "selection=reinforce"],
}


def build(overrides: list[str]) -> Model[Any]:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        model = instantiate(compose("train", ["width=6", *overrides]).model)(8, 8)
    initialise(model, 1)
    return model.double().eval()


@torch.no_grad()
def log_probs(model: Model[Any], nudge: Tensor) -> Tensor:
    """log p of each token of the target, `nudge` `(S, E)` being added to the source embeddings."""

    def nudged(module: nn.Module, inputs: object, output: Tensor) -> Tensor:
        return output + nudge

    embedding = model.get_submodule("encoder.embedding" if isinstance(model, RNN) else "source")
    with embedding.register_forward_hook(nudged):
        logits = model(torch.tensor([SOURCE]), torch.tensor([len(SOURCE)]), torch.tensor([[BOS, *TARGET[:-1]]])).logits
    return logits[0].log_softmax(-1).gather(-1, torch.tensor(TARGET)[:, None])[:, 0]


@pytest.mark.parametrize("overrides", MODELS.values(), ids=MODELS)
def test_it_is_what_finite_differences_give(overrides: list[str]) -> None:
    model, step = build(overrides), 1e-6
    gradient = torch.zeros(len(TARGET), len(SOURCE), 6, dtype=torch.float64)
    for source in range(len(SOURCE)):
        for feature in range(6):
            nudge = torch.zeros(len(SOURCE), 6, dtype=torch.float64)
            nudge[source, feature] = step
            gradient[:, source, feature] = (log_probs(model, nudge) - log_probs(model, -nudge)) / (2 * step)
    expected = gradient.norm(dim=-1) / gradient.norm(dim=-1).sum(-1, keepdim=True)
    torch.testing.assert_close(implicit_weights(model, SOURCE, TARGET), expected, rtol=1e-6, atol=1e-7)
    assert not torch.allclose(expected, torch.full_like(expected, 1 / len(SOURCE)), atol=0.02)


@pytest.mark.parametrize("overrides", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize("tokens", [1, 14, 20])
def test_a_long_sentence_is_read_in_several_passes(
    overrides: list[str], tokens: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = build(overrides)
    at_once = implicit_weights(model, SOURCE, TARGET)
    monkeypatch.setattr(implicit_attention, "TOKENS_AT_ONCE", tokens)
    torch.testing.assert_close(implicit_weights(model, SOURCE, TARGET), at_once)


def test_the_model_is_left_as_it_was() -> None:
    model = build(MODELS["luong"])
    before = log_probs(model, torch.zeros(1))
    with torch.no_grad():
        weights = implicit_weights(model, SOURCE, TARGET)
    assert not weights.requires_grad
    assert all(parameter.grad is None for parameter in model.parameters())
    assert torch.equal(log_probs(model, torch.zeros(1)), before)


def test_what_the_source_does_not_sway_has_no_weights() -> None:
    model = build(MODELS["none"])
    with torch.no_grad():
        model.get_parameter("encoder.bridge.weight").zero_()
    assert torch.equal(implicit_weights(model, SOURCE, TARGET), torch.zeros(3, 4, dtype=torch.float64))
