"""Every recurrent model: that it runs, and that all steps at once are the steps one by one."""

import pytest
import torch
import toy
from torch import Tensor

from attnbench.models.rnn import RNN

every_decoder = pytest.mark.parametrize("decoder", list(toy.DECODERS))
MECHANISMS = [
    *toy.DECODERS.values(),
    *(("decoder=luong", "heads=2", f"scope={scope}", "scope.window=1") for scope in ("local_m", "local_p")),
    *(("decoder=bahdanau", f"scope={scope}", "scope.window=1") for scope in ("local_m", "local_p")),
]


def stepwise(model: RNN, pieces: list[int]) -> Tensor:
    """Logits of the target cut into `pieces`, each from the state that the last one left."""
    source, lengths = toy.sources()
    state, logits = model.start(source, lengths), []
    for tokens in toy.targets(sum(pieces)).split(pieces, dim=1):
        found, decoded = model.step(tokens, state)
        state = decoded.state
        logits.append(found)
    return torch.cat(logits, dim=1)


@every_decoder
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("layers", [1, 2])
def test_every_shape_runs_forward_and_backward(decoder: str, cell: str, bidirectional: bool, layers: int) -> None:
    model = toy.build(*toy.DECODERS[decoder], cell=cell, bidirectional=bidirectional, layers=layers, dropout=0.1)
    output = model(*toy.sources(), toy.targets())
    assert output.logits.shape == (4, 5, toy.VOCABULARY)
    assert output.weights is None
    output.logits.square().sum().backward()
    unread = "encoder.states." if decoder in ("initial", "every_step") else "nothing"
    for name, parameter in model.named_parameters():
        if name.startswith(unread):
            continue
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.any(), name


@pytest.mark.parametrize("mechanism", MECHANISMS, ids="-".join)
@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_all_at_once_is_step_by_step(mechanism: tuple[str, ...], cell: str) -> None:
    model = toy.precise(*mechanism, cell=cell, layers=2)
    at_once = model(*toy.sources(), toy.targets(6)).logits
    for pieces in ([1] * 6, [2, 3, 1]):
        torch.testing.assert_close(stepwise(model, pieces), at_once)


@pytest.mark.parametrize("mechanism", MECHANISMS, ids="-".join)
def test_weights_on_request_have_a_row_a_target_token(mechanism: tuple[str, ...]) -> None:
    model = toy.precise(*mechanism)
    source, lengths = toy.sources()
    plain, output = (model(source, lengths, toy.targets(), want_weights=wanted) for wanted in (False, True))
    torch.testing.assert_close(output.logits, plain.logits)
    assert plain.weights is None
    if "decoder=none" in mechanism:
        assert output.weights is None
        return
    assert output.weights is not None
    assert output.weights.shape == (4, 2 if "heads=2" in mechanism else 1, 5, 6)
    assert not output.weights.masked_select((source == 0)[:, None, None]).any()


@every_decoder
def test_a_token_does_not_see_what_comes_after_it(decoder: str) -> None:
    model = toy.precise(*toy.DECODERS[decoder])
    first, second = toy.targets(6, seed=1), toy.targets(6, seed=2)
    second[:, :3] = first[:, :3]
    logits = [model(*toy.sources(), target).logits for target in (first, second)]
    torch.testing.assert_close(logits[0][:, :3], logits[1][:, :3])
    assert not torch.allclose(logits[0][:, 3:], logits[1][:, 3:])


@every_decoder
def test_padding_does_not_leak(decoder: str) -> None:
    model = toy.precise(*toy.DECODERS[decoder])
    source, lengths = toy.sources()
    batch = model(source, lengths, toy.targets()).logits
    for row, length in enumerate(lengths.tolist()):
        one = slice(row, row + 1)
        alone = model(source[one, :length], lengths[one], toy.targets()[one]).logits
        torch.testing.assert_close(batch[one], alone)


@pytest.mark.parametrize("selection", ["reinforce", "gumbel"])
@pytest.mark.parametrize("decoder", ["bahdanau", "luong", "luong_fed"])
def test_a_draw_counts_for_what_depends_on_it(decoder: str, selection: str) -> None:
    model = toy.build(*toy.DECODERS[decoder], f"selection={selection}")
    draw = model(*toy.sources(), toy.targets()).draw
    assert (draw is None) == (selection == "gumbel")
    if draw is not None:
        assert draw.log_prob.shape == draw.entropy.shape == (4, 1, 5)
        assert (draw.credit == "later") == (decoder != "luong")
    assert model.eval()(*toy.sources(), toy.targets()).draw is None


@every_decoder
def test_the_true_token_is_read_with_the_chance_asked_for(decoder: str) -> None:
    model = toy.precise(*toy.DECODERS[decoder])
    source, lengths = toy.sources()
    forced = model(source, lengths, toy.targets()).logits
    torch.testing.assert_close(model(source, lengths, toy.targets(), teacher_forcing=1 - 1e-12).logits, forced)
    free = [model(source, lengths, toy.targets(seed=seed), teacher_forcing=0.0).logits for seed in (1, 2)]
    assert torch.equal(*free)
    assert not torch.allclose(free[0], forced)
    guesses = torch.cat([toy.targets()[:, :1], free[0].argmax(-1)[:, :-1]], dim=1)
    torch.testing.assert_close(model(source, lengths, guesses).logits, free[0])


def test_half_of_the_tokens_are_true_at_a_ratio_of_half(monkeypatch: pytest.MonkeyPatch) -> None:
    model = toy.precise("decoder=none")
    source, lengths = (tensor.repeat(100, *([1] * (tensor.ndim - 1))) for tensor in toy.sources())
    target = torch.full((400, 6), toy.VOCABULARY - 1)
    read: list[Tensor] = []
    step = model.step

    def watched(tokens: Tensor, *arguments: object, **options: object) -> object:
        read.append(tokens)
        return step(tokens, *arguments, **options)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(model, "step", watched)
    with torch.no_grad():
        model.vocabulary.bias[toy.VOCABULARY - 1] = -100.0  # so that it never guesses right
        torch.manual_seed(0)
        model(source, lengths, target, teacher_forcing=0.5)
    share = (torch.cat(read[1:], dim=1) == toy.VOCABULARY - 1).double().mean().item()
    assert share == pytest.approx(0.5, abs=0.05)
