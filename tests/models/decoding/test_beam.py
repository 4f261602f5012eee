"""Beam search against all sequences, and on chains with a known best path."""

import itertools
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor

from attnbench.errors import UserError
from attnbench.models.decoding import Beam, Greedy
from attnbench.models.model import Decoded, Model, OutputMap
from attnbench.tasks.task import BOS, EOS, UNK
from tests.models import toy

A, B, C = 4, 5, 6


class Last(NamedTuple):
    """The state of a chain: none."""

    position: int = 0
    draws: tuple[()] = ()

    def rows(self, index: Tensor) -> "Last":
        return self


class _Itself(OutputMap):
    """The logits are the readouts. A product would make NaN of a logit of minus infinity."""

    def __call__(self, readouts: Tensor) -> Tensor:
        return readouts


class Chain(Model[Last]):
    """A Markov chain: p(next | last), for any source. Tokens that are not named have probability 0."""

    def __init__(self, chances: Mapping[int, Mapping[int, float]]) -> None:
        super().__init__()
        table = torch.zeros(7, 7, dtype=torch.float64)
        table[[token for token in range(7) if token not in chances], EOS] = 1.0
        for last, following in chances.items():
            for token, chance in following.items():
                table[last, token] = chance
        self.table, self.steps = table.log(), 0

    def start(self, source: Tensor, lengths: Tensor) -> Last:
        return Last()

    def decode(self, tokens: Tensor, state: Last, *, want_weights: bool = False) -> Decoded[Last]:
        self.steps += 1
        return Decoded(self.table[tokens], state)

    @property
    def output_map(self) -> OutputMap:
        return _Itself(torch.eye(7), None)


def found(chain: Chain, size: int, length_penalty: float = 0.0, n_best: int = 1) -> list[tuple[list[int], Any]]:
    """The hypotheses for one sentence, with p as the score if there is no penalty."""
    beam = Beam(size=size, length_penalty=length_penalty, n_best=n_best)
    (hypotheses,) = beam(chain, torch.tensor([[EOS]]), torch.tensor([1]))
    return [(ids, pytest.approx(math.exp(score))) for ids, score in hypotheses]


# The likelier first token leads nowhere in particular.
GARDEN_PATH = Chain({BOS: {A: 0.6, B: 0.4}, A: {EOS: 0.5, C: 0.5}, B: {EOS: 0.9, C: 0.1}})


def test_a_second_hypothesis_gets_out_of_a_garden_path() -> None:
    assert found(GARDEN_PATH, size=1) == [([A], 0.3)]
    assert found(GARDEN_PATH, size=2) == [([B], 0.36)]
    assert found(GARDEN_PATH, size=4, n_best=4)[1:] == [([A], 0.3), ([A, C], 0.3), ([B, C], 0.04)]


def test_what_has_ended_is_not_forgotten_for_what_is_open() -> None:
    chain = Chain({BOS: {EOS: 0.3, A: 0.36, B: 0.34}, A: {A: 0.5, EOS: 0.5}, B: {B: 0.5, EOS: 0.5}})
    assert found(chain, size=3) == [([], 0.3)]
    assert found(chain, size=2) == [([A], 0.18)]  # it was third, and the beam held two


def test_a_sentence_is_done_when_nothing_open_can_win() -> None:
    chain = Chain({BOS: {EOS: 0.6, A: 0.4}, A: {A: 0.9, EOS: 0.1}})
    assert found(chain, size=5) == [([], 0.6)]
    assert chain.steps == 1
    chain.steps = 0
    assert found(chain, size=5, n_best=2) == [([], 0.6), ([A], 0.04)]
    assert chain.steps > 10  # [A, A, ...] is open at 0.4 · 0.9 · 0.9 · ... > 0.04


def test_what_has_ended_keeps_its_place() -> None:
    chain = Chain({BOS: {EOS: 0.4, A: 0.35, UNK: 0.25}, A: {B: 0.6, C: 0.4}, B: {EOS: 0.6, A: 0.4}, UNK: {UNK: 1.0}})
    assert found(chain, size=2, n_best=2) == [([], 0.4), ([A, B], 0.126)]
    assert found(chain, size=4, n_best=2) == [([], 0.4), ([A, C], 0.14)]


def test_a_penalty_on_length_prefers_the_longer() -> None:
    chain = Chain({BOS: {EOS: 0.4, A: 0.6}, A: {B: 1.0}, B: {EOS: 0.6, C: 0.4}})
    assert found(chain, size=6) == [([], 0.4)]
    assert found(chain, size=6, length_penalty=1.0) == [([A, B], math.exp(math.log(0.36) / (8 / 6)))]


def test_what_is_behind_can_still_win_by_its_length() -> None:
    chain = Chain({BOS: {EOS: 0.55, A: 0.45}, A: {B: 1.0}, B: {C: 1.0}})
    assert found(chain, size=2, length_penalty=1.0) == [([A, B, C], math.exp(math.log(0.45) / (9 / 6)))]


@pytest.mark.parametrize("name", list(toy.MODELS))
@pytest.mark.parametrize("length_penalty", [0.0, 0.6, 3.0])
def test_a_beam_of_one_is_greedy(name: str, length_penalty: float) -> None:
    model = toy.precise(*toy.MODELS[name], seed=2)
    beam = Beam(size=1, length_penalty=length_penalty, n_best=1)
    for narrow, greedy in zip(beam(model, *toy.sources()), Greedy()(model, *toy.sources()), strict=True):
        assert [one.ids for one in narrow] == [one.ids for one in greedy]


@pytest.mark.parametrize("name", ["luong_fed", "transformer"])
@pytest.mark.parametrize("length_penalty", [0.0, 1.0])
def test_a_beam_as_wide_as_all_there_is_finds_the_best(
    name: str, length_penalty: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(toy, "VOCABULARY", 5)  # two words: 8191 sequences of up to 12
    model = toy.precise(*toy.MODELS[name], seed=4)
    with torch.no_grad():
        model.vocabulary.weight.mul_(10)
    source, lengths = torch.tensor([[EOS], [A], [UNK]]), torch.tensor([1, 1, 1])
    beam = Beam(size=9000, length_penalty=length_penalty, n_best=5)
    for row, hypotheses in zip(source, beam(model, source, lengths), strict=True):
        expected = sorted(everything(model, row, length_penalty), reverse=True)[:5]
        assert [(one.score, one.ids) for one in hypotheses] == [
            (pytest.approx(score, rel=1e-9), ids) for score, ids in expected
        ]


@torch.no_grad()
def everything(model: Model, source: Tensor, length_penalty: float) -> list[tuple[float, list[int]]]:
    """Every sequence of up to 12 of two words, with its score."""
    scored = []
    for length in range(13):
        sequences = torch.tensor(list(itertools.product([UNK, A], repeat=length))).long()
        count = len(sequences)
        begun = torch.cat([torch.full((count, 1), BOS), sequences], dim=1)
        ended = torch.cat([sequences, torch.full((count, 1), EOS)], dim=1)
        log_probs = model(source.expand(count, 1), torch.ones(count).long(), begun).logits.log_softmax(-1)
        totals = log_probs.gather(-1, ended[..., None]).sum((1, 2)) / ((6 + length) / 6) ** length_penalty
        scored += zip(totals.tolist(), sequences.tolist(), strict=True)
    return scored


def test_the_best_does_not_depend_on_how_many_are_wanted() -> None:
    model = toy.precise("decoder=bahdanau", seed=5)
    for size in (2, 5):
        lists = [Beam(size=size, length_penalty=0.6, n_best=n)(model, *toy.sources()) for n in range(1, size + 1)]
        for fewer, more in itertools.pairwise(lists):
            for short, long in zip(fewer, more, strict=True):
                assert len(long) == len(short) + 1
                assert short == long[: len(short)]
                assert len({tuple(one.ids) for one in long}) == len(long)
                assert [one.score for one in long] == sorted((one.score for one in long), reverse=True)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ((0, 0.0, 1), r"^search\.size=0: must be 1 or more"),
        ((2, -0.5, 1), r"^search\.length_penalty=-0\.5: must be 0 or more"),
        ((2, float("nan"), 1), r"^search\.length_penalty=nan: must be 0 or more"),
        ((2, 0.0, 3), r"^search\.n_best=3: must be from 1 to search\.size=2"),
        ((2, 0.0, 0), r"^search\.n_best=0: must be from 1 to"),
    ],
)
def test_a_value_that_cannot_be_is_named(values: tuple[int, float, int], message: str) -> None:
    with pytest.raises(UserError, match=message):
        Beam(*values)
