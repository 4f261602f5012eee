"""What every model must do for training and decoding, with any parts."""

from typing import Any

import pytest
import torch
from torch import Tensor

from tests.models import toy

every_model = pytest.mark.parametrize("model", list(toy.MODELS))
WINDOWS = [f"scope={scope} scope.window=1" for scope in ("local_m", "local_p")]
MECHANISMS = [
    *(" ".join(overrides) for overrides in toy.MODELS.values()),
    *(f"decoder={decoder} model.cell=lstm model.layers=2" for decoder in toy.options("decoder")),
    *(f"decoder=luong heads=2 {window}" for window in WINDOWS),
    *(f"decoder=bahdanau {window}" for window in WINDOWS),
    *(f"decoder=luong key_value={variant}" for variant in ("split", "projected")),
    *(f"model=transformer heads=2 {window}" for window in WINDOWS),
    *(f"model=transformer heads=3 score={score}" for score in toy.options("score")),
    *(f"model=transformer key_value={variant}" for variant in ("tied", "split")),
    "model=transformer model.norm=pre model.residual=false positions=none model.tied_embeddings=true",
    "model=transformer heads=2 score@causal.score=location scope@self.scope=local_p scope@cross.scope=local_m",
]
every_mechanism = pytest.mark.parametrize("mechanism", MECHANISMS)


def stepwise(model: Any, pieces: list[int]) -> Tensor:
    """Logits of the target cut into `pieces`, each from the state that the last one left."""
    state, logits = model.start(*toy.sources()), []
    for tokens in toy.targets(sum(pieces)).split(pieces, dim=1):
        found, decoded = model.step(tokens, state)
        assert decoded.state.position == state.position + tokens.shape[1]
        state = decoded.state
        logits.append(found)
    return torch.cat(logits, dim=1)


@every_mechanism
@pytest.mark.parametrize("pieces", [[1] * 6, [2, 3, 1]], ids=str)
def test_all_at_once_is_step_by_step(mechanism: str, pieces: list[int]) -> None:
    model = toy.precise(*mechanism.split())
    torch.testing.assert_close(stepwise(model, pieces), model(*toy.sources(), toy.targets(6)).logits)


@every_mechanism
def test_the_rows_of_a_state_go_on_as_their_sentences_do(mechanism: str) -> None:
    made = toy.precise(*mechanism.split())
    target, index = toy.targets(6), torch.tensor([2, 0, 0, 3, 2])
    _, decoded = made.step(target[:, :3], made.start(*toy.sources()))
    whole, _ = made.step(target[:, 3:], decoded.state)
    chosen, after = made.step(target[index, 3:], decoded.state.rows(index))
    torch.testing.assert_close(chosen, whole[index])
    assert after.state.position == 6


@every_mechanism
def test_weights_on_request_have_a_layer_a_head_and_a_row_a_target_token(mechanism: str) -> None:
    model = toy.precise(*mechanism.split())
    source, lengths = toy.sources()
    plain, output = (model(source, lengths, toy.targets(), want_weights=wanted) for wanted in (False, True))
    torch.testing.assert_close(output.logits, plain.logits)
    assert plain.weights is None
    if "decoder=none" in mechanism:
        assert output.weights is None
        return
    layers = 2 if "transformer" in mechanism else 1
    heads = next((int(word[6:]) for word in mechanism.split() if word.startswith("heads=")), 1)
    assert output.weights.shape == (4, layers, heads, 5, 6)
    assert not output.weights.masked_select((source == 0)[:, None, None, None]).any()
    if "local_p" not in mechanism:
        torch.testing.assert_close(output.weights.sum(-1), torch.ones(4, layers, heads, 5, dtype=torch.float64))


@every_mechanism
def test_a_token_does_not_see_what_comes_after_it(mechanism: str) -> None:
    model = toy.precise(*mechanism.split(), **({"tied_embeddings": False} if "tied" in mechanism else {}))
    target = torch.arange(4, 10).expand(4, -1)  # a token of its own at each position
    vectors = (model.target if "transformer" in mechanism else model.embedding).weight
    for position in range(6):
        logits = model(*toy.sources(), target).logits[:, position]
        (gradient,) = torch.autograd.grad(logits.square().sum(), vectors)
        seen = gradient.any(1)[4:10].tolist()
        assert seen[position:] == [True] + [False] * (5 - position)
        assert all(seen[:position]) or "scope" in mechanism


@every_mechanism
def test_padding_does_not_leak(mechanism: str) -> None:
    model = toy.precise(*mechanism.split())
    source, lengths = toy.sources()
    batch = model(source, lengths, toy.targets()).logits
    for row, length in enumerate(lengths.tolist()):
        one = slice(row, row + 1)
        alone = model(source[one, :length], lengths[one], toy.targets()[one]).logits
        torch.testing.assert_close(batch[one], alone)


@every_model
def test_the_true_token_is_read_with_the_chance_asked_for(model: str) -> None:
    made = toy.precise(*toy.MODELS[model])
    source, lengths = toy.sources()
    forced = made(source, lengths, toy.targets()).logits
    torch.testing.assert_close(made(source, lengths, toy.targets(), teacher_forcing=1 - 1e-12).logits, forced)
    free = [made(source, lengths, toy.targets(seed=seed), teacher_forcing=0.0).logits for seed in (1, 2)]
    assert torch.equal(*free)
    assert not torch.allclose(free[0], forced)
    guesses = torch.cat([toy.targets()[:, :1], free[0].argmax(-1)[:, :-1]], dim=1)
    torch.testing.assert_close(made(source, lengths, guesses).logits, free[0])


def test_half_of_the_tokens_are_true_at_a_ratio_of_half(monkeypatch: pytest.MonkeyPatch) -> None:
    model = toy.precise("decoder=none")
    source, lengths = (tensor.repeat(100, *([1] * (tensor.ndim - 1))) for tensor in toy.sources())
    target = torch.full((400, 6), toy.VOCABULARY - 1)
    read: list[Tensor] = []
    decode = model.decode

    def watched(tokens: Tensor, *arguments: object, **options: object) -> object:
        read.append(tokens)
        return decode(tokens, *arguments, **options)

    monkeypatch.setattr(model, "decode", watched)
    with torch.no_grad():
        model.vocabulary.bias[toy.VOCABULARY - 1] = -100.0  # so that it never guesses right
        torch.manual_seed(0)
        model(source, lengths, target, teacher_forcing=0.5)
    share = (torch.cat(read[1:], dim=1) == toy.VOCABULARY - 1).double().mean().item()
    assert share == pytest.approx(0.5, abs=0.05)
