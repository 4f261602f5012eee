"""Greedy decoding."""

import pytest
import torch
import toy

from attnbench.models.decoding import greedy
from attnbench.models.rnn import RNN
from attnbench.tasks.task import BOS, EOS, PAD

every_decoder = pytest.mark.parametrize("decoder", list(toy.DECODERS))


def lively(decoder: str) -> RNN:
    """A model whose translations differ in length."""
    model = toy.precise(*toy.DECODERS[decoder], cell="lstm", seed=3)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(2.5)
    return model


def naive(model: RNN, source: list[int]) -> list[int]:
    """The arg max after each prefix, all of which is read anew."""
    prefix = [BOS]
    while len(prefix) <= 2 * len(source) + 10:
        logits = model(torch.tensor([source]), torch.tensor([len(source)]), torch.tensor([prefix])).logits[0, -1]
        best = max(
            (token for token in range(toy.VOCABULARY) if token not in (PAD, BOS)), key=lambda i: logits[i].item()
        )
        if best == EOS:
            break
        prefix.append(best)
    return prefix[1:]


@every_decoder
def test_it_is_the_arg_max_after_every_prefix(decoder: str) -> None:
    model = lively(decoder)
    source, lengths = toy.sources()
    rows = [row[:length] for row, length in zip(source.tolist(), lengths.tolist(), strict=True)]
    found = [hypothesis.ids for hypothesis in greedy(model, source, lengths)]
    assert found == [naive(model, row) for row in rows]
    assert len({len(ids) for ids in found}) > 1


@every_decoder
def test_a_batch_is_decoded_as_its_sentences_alone(decoder: str) -> None:
    model = lively(decoder)
    source, lengths = toy.sources()
    batch = greedy(model, source, lengths, want_weights=True)
    for row, length in enumerate(lengths.tolist()):
        (alone,) = greedy(model, source[row : row + 1, :length], lengths[row : row + 1], want_weights=True)
        assert batch[row].ids == alone.ids
        assert (batch[row].weights is None) == (alone.weights is None) == (decoder in ("initial", "every_step"))
        weights = batch[row].weights
        if weights is not None:
            torch.testing.assert_close(weights[..., :length], alone.weights)
            assert not weights[..., length:].any()


def test_weights_are_kept_for_each_token_and_the_end() -> None:
    for hypothesis in greedy(lively("luong"), *toy.sources(), want_weights=True):
        assert hypothesis.weights is not None
        assert hypothesis.weights.shape == (1, len(hypothesis.ids) + 1, 6)


def test_what_does_not_end_is_cut() -> None:
    model = toy.precise("decoder=luong")
    with torch.no_grad():
        model.vocabulary.bias[EOS] = -1e3
    source, lengths = toy.sources()
    assert [len(hypothesis.ids) for hypothesis in greedy(model, source, lengths)] == (2 * lengths + 10).tolist()


def test_padding_and_the_beginning_are_never_guessed() -> None:
    model = toy.precise("decoder=luong")
    with torch.no_grad():
        model.vocabulary.bias[[PAD, BOS]] = 1e3
    for hypothesis in greedy(model, *toy.sources()):
        assert not {PAD, BOS} & set(hypothesis.ids)
