"""Every mechanism of conf/, in every place of every model: it trains, is kept and read again, decodes, and its weights
mean what they should."""

from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch
from omegaconf import DictConfig

from attnbench.attention.scopes import Scope
from attnbench.job.build import build_model
from attnbench.models.decoding import Beam, Greedy
from attnbench.models.model import Model
from attnbench.tasks.vocabulary import words
from attnbench.training import checkpoint
from attnbench.training.checkpoint import Checkpoint
from tests.covering import covering
from tests.models import toy
from tests.models.learning import train

MODELS = {
    "luong": ("decoder=luong",),
    "bahdanau": ("decoder=bahdanau",),
    "transformer": ("model=transformer", "model.encoder_layers=1", "model.decoder_layers=1"),
}
NEEDED = {"windowed": ("scope", "local_m"), "additive": ("score", "additive")}  # what these kernels are there for
PARTS = ("score", "scope", "selection", "key_value", "kernel")
MECHANISMS = [
    (*mechanism, 1 + number % 2)
    for number, mechanism in enumerate(product(*map(toy.options, ("score", "scope", "selection"))))
]  # with one head or two


def chosen(group: str, name: str, place: str | None = None) -> list[str]:
    """The overrides that choose it, everywhere or in one place of a Transformer, with what it needs."""
    choices = {group: name}
    if group == "kernel" and name in NEEDED:
        choices |= [NEEDED[name]]
    scope = toy.config(f"scope={choices.get('scope', 'global')}")["decoder"]["attention"]["scope"]
    narrow = [f"{place}.scope.window=2" if place else "scope.window=2"] if "window" in scope else []
    return [f"{part}@{place}.{part}={it}" if place else f"{part}={it}" for part, it in choices.items()] + narrow


def placed(group: str, first: int) -> list[str]:
    """The overrides that choose one option for each place of a Transformer: option number `first` and the next two."""
    names, places = toy.options(group), ("self", "causal", "cross")
    return [
        override for i, place in enumerate(places) for override in chosen(group, names[(first + i) % len(names)], place)
    ]


PLACES = [placed(group, first) for group in PARTS for first in range(len(toy.options(group)))]
CELLS = [
    *(
        (model, chosen(group, name))
        for model in MODELS
        for group in ("key_value", "kernel")
        for name in toy.options(group)
    ),
    *(("transformer", overrides) for overrides in PLACES),
]


@covering(("model", "mechanism"), product(MODELS, MECHANISMS), together=[(0, 2, 3)])
def test_a_mechanism_trains_is_kept_decodes_and_says_where_it_looks(
    model: str, mechanism: tuple[str, str, str, int], tmp_path: Path
) -> None:
    score, scope, selection, heads = mechanism
    check(model, [*chosen("scope", scope), f"score={score}", f"selection={selection}", f"heads={heads}"], tmp_path)


@pytest.mark.parametrize(
    ("model", "overrides"), CELLS, ids=lambda part: part if isinstance(part, str) else " ".join(part)
)
def test_a_part_trains_is_kept_decodes_and_says_where_it_looks(
    model: str, overrides: list[str], tmp_path: Path
) -> None:
    check(model, overrides, tmp_path)


def check(model: str, overrides: list[str], tmp_path: Path) -> None:
    torch.manual_seed(0)
    names = ("width=8", *MODELS[model], *overrides)
    trained = toy.build(*names)
    before, after = train(trained, steps=10)
    assert after < before
    again = kept(trained, names, tmp_path)
    for search in (Greedy(), Beam(size=2, length_penalty=0.6, n_best=1)):
        assert search(again, *toy.sources()) == search(trained, *toy.sources())
    check_weights(again)


def kept(model: Model[Any], names: tuple[str, ...], folder: Path) -> Model[Any]:
    """The model as its checkpoint has it."""
    vocabulary = words(["a b c d e f g h"], min_count=1, lowercase=False, tokenized=True)
    assert len(vocabulary) == toy.VOCABULARY
    saved = Checkpoint({"model": toy.config(*names)}, model.state_dict(), vocabulary, vocabulary)
    checkpoint.save(saved, folder / checkpoint.NAME)
    found = checkpoint.load(folder / checkpoint.NAME)
    again = build_model(DictConfig(found.config["model"]), toy.VOCABULARY, toy.VOCABULARY)
    again.load_state_dict(found.weights)
    return again.eval()


def check_weights(model: Model[Any]) -> None:
    """Weights of padding are zero. A row sums to one, or to less with a Gaussian."""
    source, lengths = toy.sources()
    with torch.no_grad():
        weights = model(source, lengths, toy.targets(), want_weights=True).weights
    assert weights is not None
    padding = torch.arange(source.shape[1]) >= lengths[:, None]
    assert not weights.masked_select(padding[:, None, None, None]).any()
    total = weights.sum(-1)
    assert (weights >= 0).all()
    assert (total <= 1 + 1e-5).all()
    scopes = [part for part in model.modules() if isinstance(part, Scope)]
    if not any(scope.reweights for scope in scopes):
        torch.testing.assert_close(total, torch.ones_like(total))
