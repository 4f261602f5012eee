"""Every search: against models that read each prefix anew, sentences alone, and the log p of teacher forcing."""

from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor

from attnbench.attention.bounds import Bound
from attnbench.models.decoding import Beam, Greedy, Hypothesis, Search
from attnbench.models.model import Decoded, Model, OutputMap
from attnbench.tasks.task import BOS, EOS, PAD
from tests.models import toy

SEARCHES = {
    "greedy": Greedy(),
    "beam_1": Beam(size=1, length_penalty=0.0, n_best=1),
    "beam_4": Beam(size=4, length_penalty=0.0, n_best=3),
    "beam_7_penalised": Beam(size=7, length_penalty=1.3, n_best=2),
}
MODELS = toy.MODELS | {
    "windowed": ("scope=local_m", "scope.window=1"),
    "hard": ("model=transformer", "selection=gumbel"),
    "short_table": ("model=transformer", "model.norm=pre", "positions=learned", "positions.longest=9"),
}
every_model = pytest.mark.parametrize("name", list(MODELS))
every_search = pytest.mark.parametrize("search", SEARCHES.values(), ids=SEARCHES)


class Prefixes(NamedTuple):
    """A state that holds only what was read."""

    source: Tensor
    lengths: Tensor
    tokens: Tensor

    @property
    def position(self) -> int:
        return self.tokens.shape[1]

    @property
    def draws(self) -> tuple[()]:
        return ()

    def rows(self, index: Tensor) -> "Prefixes":
        return Prefixes(*(tensor[index] for tensor in self))


class Rereading(Model[Prefixes]):
    """The same model, which starts again from the source at each step, and reads the whole prefix."""

    def __init__(self, model: Model[Any]) -> None:
        super().__init__()
        self.model = model

    def start(self, source: Tensor, lengths: Tensor) -> Prefixes:
        return Prefixes(source, lengths, source[:, :0])

    def decode(self, tokens: Tensor, state: Prefixes, *, want_weights: bool = False) -> Decoded[Prefixes]:
        read = torch.cat([state.tokens, tokens], dim=1)
        decoded = self.model.read(state.source, state.lengths, read)
        return Decoded(decoded.readouts[:, state.position :], state._replace(tokens=read))

    @property
    def target_bound(self) -> Bound | None:
        return self.model.target_bound

    @property
    def output_map(self) -> OutputMap:
        return self.model.output_map


class Endless(Rereading):
    """The same model, which never ends a sentence by itself."""

    @property
    def output_map(self) -> OutputMap:
        weight = self.model.output_map.weight
        bias = weight.new_zeros(len(weight))
        bias[EOS] = -1e3
        return OutputMap(weight, bias)


def lively(name: str) -> Model[Any]:
    """A model whose translations differ in length."""
    model = toy.precise(*MODELS[name], seed=3)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(2.5)
        if model.vocabulary.bias is not None:
            model.vocabulary.bias[EOS] -= 3
    return model


def assert_same(found: list[Hypothesis], expected: list[Hypothesis]) -> None:
    assert [one.ids for one in found] == [one.ids for one in expected]
    assert [one.score for one in found] == pytest.approx([one.score for one in expected], rel=1e-9)


def log_p(model: Model[Any], source: Tensor, ids: list[int]) -> float:
    """log p of the ids and their end, under teacher forcing."""
    target = torch.tensor([[BOS, *ids]])
    logits = model(source[None], torch.tensor([len(source)]), target).logits[0]
    return sum(row.log_softmax(-1)[token].item() for row, token in zip(logits, [*ids, EOS], strict=True))


@every_model
@every_search
def test_nothing_changes_when_every_prefix_is_read_anew(search: Search, name: str) -> None:
    model, (source, lengths) = lively(name), toy.sources()
    found = search(model, source, lengths)
    for one, expected in zip(found, search(Rereading(model), source, lengths), strict=True):
        assert_same(one, expected)
    assert len({len(hypothesis.ids) for hypotheses in found for hypothesis in hypotheses}) > 1


@every_model
@every_search
def test_a_batch_is_its_sentences_alone(search: Search, name: str) -> None:
    model, (source, lengths) = lively(name), toy.sources()
    for row, hypotheses in enumerate(search(model, source, lengths)):
        one, length = slice(row, row + 1), int(lengths[row])
        (alone,) = search(model, source[one, :length], lengths[one])
        assert_same(hypotheses, alone)


@every_model
@every_search
def test_a_score_is_the_models_own_log_p(search: Search, name: str) -> None:
    model, (source, lengths) = lively(name), toy.sources()
    power = search.length_penalty if isinstance(search, Beam) else 0.0
    for row, length, hypotheses in zip(source, lengths, search(model, source, lengths), strict=True):
        for ids, score in hypotheses:
            penalty = ((5 + len(ids) + 1) / 6) ** power
            assert score == pytest.approx(log_p(model, row[:length], ids) / penalty, rel=1e-9)


@every_search
def test_what_does_not_end_is_cut(search: Search) -> None:
    model = toy.precise("decoder=luong")
    with torch.no_grad():
        model.vocabulary.bias[EOS] = -1e3
    source, lengths = toy.sources()
    for limit, hypotheses in zip((2 * lengths + 10).tolist(), search(model, source, lengths), strict=True):
        assert {len(hypothesis.ids) for hypothesis in hypotheses} == {limit}


@every_search
@pytest.mark.parametrize("table", ["positions=learned positions.longest=7", "score=location score.positions=7"])
def test_what_does_not_end_is_cut_at_the_end_of_a_table_of_positions(search: Search, table: str) -> None:
    model = Endless(toy.precise("model=transformer", *table.split()))
    for hypotheses in search(model, *toy.sources()):
        assert {len(hypothesis.ids) for hypothesis in hypotheses} == {6}


def test_a_bound_is_that_of_the_smallest_table_on_its_side() -> None:
    model = toy.build("model=transformer", "positions=learned", "positions.longest=9", "score=location")
    assert model.source_bound == model.target_bound == ("positions.longest", 9)
    recurrent = toy.build("decoder=luong", "score=location", "score.positions=7")
    assert (recurrent.source_bound, recurrent.target_bound) == (("score.positions", 7), None)
    assert toy.build("decoder=luong").source_bound is toy.build("model=transformer").target_bound is None


@every_search
def test_padding_and_the_beginning_are_never_guessed(search: Search) -> None:
    model = toy.precise("decoder=luong")
    with torch.no_grad():
        model.vocabulary.bias[[PAD, BOS]] = 1e3
    for hypotheses in search(model, *toy.sources()):
        for hypothesis in hypotheses:
            assert not {PAD, BOS, EOS} & set(hypothesis.ids)


@every_model
def test_greedy_takes_the_arg_max_after_every_prefix(name: str) -> None:
    model, (source, lengths) = lively(name), toy.sources()
    for row, length, (hypothesis,) in zip(source, lengths, Greedy()(model, source, lengths), strict=True):
        prefix, most = [BOS], 8 if name == "short_table" else 2 * length + 10
        while prefix[-1] != EOS and len(prefix) <= most:
            logits = model(row[None, :length], length[None], torch.tensor([prefix])).logits[0, -1].tolist()
            prefix.append(max(set(range(toy.VOCABULARY)) - {PAD, BOS}, key=logits.__getitem__))
        assert hypothesis.ids == [token for token in prefix if token not in (BOS, EOS)]


def test_greedy_computes_nothing_for_a_sentence_that_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    model, rows = lively("luong"), list[int]()
    step = model.step

    def watched(tokens: Tensor, *arguments: Any, **options: Any) -> Any:
        rows.append(len(tokens))
        return step(tokens, *arguments, **options)

    monkeypatch.setattr(model, "step", watched)
    found = Greedy()(model, *toy.sources())
    assert sum(rows) == sum(len(hypothesis.ids) + 1 for (hypothesis,) in found)
