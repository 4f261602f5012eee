"""The Transformer against torch's own and against closed formulas, and the outputs that its draws influence."""

import math
from typing import Any

import pytest
import torch
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from torch import Tensor, nn

from attnbench.errors import UserError
from attnbench.models.initialise import initialise
from attnbench.models.transformer.layers import (
    DecoderLayer,
    EncoderLayer,
    FeedForward,
    MultiHeadAttention,
    SublayerConnection,
)
from tests.models import toy

PAPER = ("model=transformer", "heads=2")
# The target tokens, of five, that the attention at the second position bears on.
BEARS_ON = {
    "encoder.0.self_attention": [0, 1, 2, 3, 4],
    "encoder.1.self_attention": [0, 1, 2, 3, 4],
    "decoder.0.causal_attention": [1, 2, 3, 4],
    "decoder.0.cross_attention": [1, 2, 3, 4],
    "decoder.1.causal_attention": [1],
    "decoder.1.cross_attention": [1],
}


def precisely(*overrides: str, **shape: Any) -> Any:
    """With biases and gains that are not what they start from, zero and one."""
    model = toy.precise(*PAPER, *overrides, **shape)
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.3 * torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
    return model


def copy_attention(ours: MultiHeadAttention, theirs: nn.MultiheadAttention) -> None:
    key_value: Any = ours.attention.key_value
    parts: list[Any] = [ours.query, key_value.key, key_value.value]
    assert theirs.in_proj_weight is not None
    theirs.in_proj_weight.copy_(torch.cat([part.weight for part in parts]))
    theirs.in_proj_bias.copy_(torch.cat([part.bias for part in parts]))
    theirs.out_proj.load_state_dict(ours.output.state_dict())


def copy_feed_forward(ours: FeedForward, theirs: Any, norm: nn.LayerNorm) -> None:
    theirs.linear1.load_state_dict(ours.inner.state_dict())
    theirs.linear2.load_state_dict(ours.outer.state_dict())
    norm.load_state_dict(ours.around.norm.state_dict())


def copy_norm(ours: SublayerConnection, theirs: nn.LayerNorm) -> None:
    theirs.load_state_dict(ours.norm.state_dict())


@torch.no_grad()
def torch_encoder_layer(ours: EncoderLayer, norm_first: bool) -> nn.TransformerEncoderLayer:
    layer = nn.TransformerEncoderLayer(6, 2, 24, 0.0, batch_first=True, norm_first=norm_first, dtype=torch.float64)
    copy_attention(ours.self_attention, layer.self_attn)
    copy_norm(ours.around_self, layer.norm1)
    copy_feed_forward(ours.feed_forward, layer, layer.norm2)
    return layer


@torch.no_grad()
def torch_decoder_layer(ours: DecoderLayer, norm_first: bool) -> nn.TransformerDecoderLayer:
    layer = nn.TransformerDecoderLayer(6, 2, 24, 0.0, batch_first=True, norm_first=norm_first, dtype=torch.float64)
    copy_attention(ours.causal_attention, layer.self_attn)
    copy_attention(ours.cross_attention, layer.multihead_attn)
    copy_norm(ours.around_causal, layer.norm1)
    copy_norm(ours.around_cross, layer.norm2)
    copy_feed_forward(ours.feed_forward, layer, layer.norm3)
    return layer


def embedded(table: Tensor, ids: Tensor) -> Tensor:
    """√W times the row of each token, and the sinusoids of its position, one number at a time."""
    width = table.shape[1]
    states = torch.empty(*ids.shape, width, dtype=torch.float64)
    for row in range(ids.shape[0]):
        for position in range(ids.shape[1]):
            for i in range(width):
                angle = position / 10000 ** (2 * (i // 2) / width)
                wave = math.cos(angle) if i % 2 else math.sin(angle)
                states[row, position, i] = math.sqrt(width) * table[ids[row, position], i] + wave
    return states


@pytest.mark.parametrize("norm", ["pre", "post"])
def test_logits_are_those_of_the_layers_of_torch(norm: str) -> None:
    model = precisely(norm=norm)
    (source, lengths), target, first = toy.sources(), toy.targets(), norm == "pre"
    padding = torch.arange(6) >= lengths[:, None]
    states = embedded(model.source.weight, source)
    for layer in model.encoder:
        states = torch_encoder_layer(layer, first)(states, src_key_padding_mask=padding)
    memory = model.encoder_norm(states) if first else states
    states = embedded(model.target.weight, target)
    later = torch.ones(5, 5, dtype=torch.bool).triu(1)
    for layer in model.decoder:
        states = torch_decoder_layer(layer, first)(
            states, memory, tgt_mask=later, memory_key_padding_mask=padding, tgt_is_causal=True
        )
    states = model.decoder_norm(states) if first else states
    torch.testing.assert_close(model(source, lengths, target).logits, states @ model.vocabulary.weight.T)


@pytest.mark.parametrize("norm", ["pre", "post"])
def test_without_residuals_a_layer_that_makes_nothing_leaves_nothing(norm: str) -> None:
    for residual in (True, False):
        around = precisely(norm=norm, residual=residual).encoder[0].around_self
        states = torch.randn(2, 3, 6, dtype=torch.float64)
        left = around.leave(states, torch.zeros_like(states))
        kept = states if residual else torch.zeros_like(states)
        torch.testing.assert_close(left, kept if norm == "pre" else around.norm(kept))


def test_source_and_target_may_have_the_same_embeddings() -> None:
    model, own = precisely(shared_embeddings=True, tied_embeddings=True), precisely(tied_embeddings=True)
    assert model.source is model.target and own.source is not own.target
    count, other = (sum(each.numel() for each in made.parameters()) for made in (model, own))
    assert other - count == model.source.weight.numel()
    with pytest.raises(UserError, match=r"the source has 5 types, and the target 6; set task\.joint_vocabulary=true"):
        instantiate(toy.config(*PAPER) | {"shared_embeddings": True})(5, 6)


def test_tied_embeddings_are_the_map_to_the_vocabulary() -> None:
    model = precisely(tied_embeddings=True)
    logits, decoded = model.step(toy.targets(), model.start(*toy.sources()))
    torch.testing.assert_close(logits, decoded.readouts @ model.target.weight.T)
    untied = toy.build(*PAPER)
    count = sum(parameter.numel() for parameter in model.parameters())
    assert sum(parameter.numel() for parameter in untied.parameters()) == count + 6 * toy.VOCABULARY


def test_the_presets_have_the_sizes_of_the_paper() -> None:
    with initialize_config_dir(toy.CONF, version_base=None):
        cfg = compose("train", ["model=transformer_tiny"])
    model, d, f = instantiate(cfg.model)(101, 67), 128, 256
    attention, norm, feed_forward = 4 * (d * d + d), 2 * d, 2 * d * f + f + d
    encoder, decoder = attention + feed_forward + 2 * norm, 2 * attention + feed_forward + 3 * norm
    expected = (101 + 67) * d + 4 * encoder + 4 * decoder
    assert sum(parameter.numel() for parameter in model.parameters()) == expected
    heads = {module.heads for name, module in model.named_modules() if name.endswith("attention.attention")}
    dropouts = {module.p for module in model.modules() if isinstance(module, nn.Dropout)}
    assert (heads, dropouts) == ({4}, {0.3})


def test_initial_values_keep_the_scale() -> None:
    model = toy.build("model=transformer", "width=64", "heads=4")
    initialise(model, 2)
    layer = model.decoder[1]
    for projection in (layer.cross_attention.query, layer.causal_attention.output, layer.feed_forward.inner):
        deviation = math.sqrt(2 / sum(projection.weight.shape))
        assert projection.weight.std().item() == pytest.approx(deviation, rel=0.05)
        assert not projection.bias.any()
    assert model.target.weight.std().item() == pytest.approx(1 / 8, rel=0.1)
    states = model.eval().source(torch.randint(4, toy.VOCABULARY, (8, 20)))
    assert states.square().mean().item() == pytest.approx(1.5, rel=0.2)  # 1 of the tokens, 1/2 of the sinusoids


def test_without_positions_the_encoder_sees_a_set() -> None:
    order = torch.tensor([4, 0, 3, 1, 2, 5])
    for positions, same in (("none", True), ("sinusoidal", False), ("learned", False)):
        model = precisely(f"positions={positions}")
        source, lengths = toy.targets(6), torch.full((4,), 6)
        states, shuffled = (model.start(ids, lengths).layers[0].source.value for ids in (source, source[:, order]))
        assert torch.allclose(states[:, :, order], shuffled) == same


def test_draws_are_paid_for_what_depends_on_them() -> None:
    model = toy.build(*PAPER, "selection=reinforce")
    source, lengths = toy.sources()
    draws = model(source, lengths, toy.targets()).draws
    assert [draw.credit for draw in draws] == ["sentence"] * 2 + ["later"] * 2 + ["step"] * 2
    for draw in draws[:2]:
        assert draw.log_prob.shape == (4, 2, 6)
        assert torch.equal(draw.mask, source != 0)
    assert all(draw.log_prob.shape == (4, 2, 5) for draw in draws[2:])
    sampled = model(source, lengths, toy.targets(), teacher_forcing=0.5).draws
    assert [draw.credit for draw in sampled] == ["sentence"] * 2 + ["later"] * 4
    assert not model.eval()(source, lengths, toy.targets()).draws


@pytest.mark.parametrize("norm", ["pre", "post"])
@pytest.mark.parametrize(("place", "tokens"), BEARS_ON.items())
def test_what_is_attended_bears_on_the_tokens_that_a_draw_is_paid_with(
    place: str, tokens: list[int], norm: str
) -> None:
    def disturb(module: nn.Module, arguments: object, attended: Any) -> Any:
        context = attended.context.clone()
        context[:, 1, 0] += 1.0
        return attended._replace(context=context)

    model = precisely(norm=norm)
    plain = model(*toy.sources(), toy.targets()).logits
    model.get_submodule(place).register_forward_hook(disturb)
    changed = (model(*toy.sources(), toy.targets()).logits - plain).abs().amax((0, 2)) > 1e-9
    assert changed.nonzero().flatten().tolist() == tokens


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ({"norm": "middle"}, r"model\.norm=middle: must be pre or post"),
        ({"dropout": 1.0}, r"model\.dropout=1.0: must be at least 0 and below 1"),
        ({"encoder_layers": 0}, r"model\.encoder_layers=0: must be 1 or more"),
        ({"decoder_layers": 0}, r"model\.decoder_layers=0: must be 1 or more"),
        ({"expansion": 0}, r"model\.expansion=0: must be 1 or more"),
        ({"width": 0}, r"model\.width=0: must be 1 or more"),
    ],
)
def test_a_shape_that_cannot_be_is_named(shape: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        toy.build("model=transformer", **shape)
