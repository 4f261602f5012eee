"""Fair by construction: everything outside the factor under study starts with the same values."""

import re
from collections.abc import Mapping
from typing import Any

import pytest
import torch
from torch import Tensor

from attnbench.errors import UserError
from tests.models import toy

# With many values of their own.
RNN = {"model": "rnn", "decoder": "bahdanau", "score": "additive", "scope": "local_p", "key_value": "split"}
TRANSFORMER = {"model": "transformer", "score": "additive", "scope": "local_p", "positions": "learned"}
# The factor, its variants, and which paths are this factor's own.
FACTORS = [
    *((group, toy.options(group), rf"attention\.{group}\.") for group in ("score", "scope", "selection", "key_value")),
    ("kernel", ["auto", "dense"], "nothing"),
    ("heads", ["1", "2", "3", "6"], r"attention\.(score|scope)\."),
]
CASES = [
    *((base, *factor) for base in (RNN, TRANSFORMER) for factor in FACTORS),
    (RNN, "decoder", toy.options("decoder"), r"^decoder\."),
    (TRANSFORMER, "positions", toy.options("positions"), r"positions\."),
    (TRANSFORMER, "model.norm", ["pre", "post"], r"^(en|de)coder_norm\."),
    (TRANSFORMER, "model.decoder_layers", ["1", "3"], r"^decoder\."),
]
VARIANTS = [(base, factor, variant, own) for base, factor, variants, own in CASES for variant in variants]
# Those that start from a constant: gains and biases of norms, biases of projections.
CONSTANT = r"log_beta$|norm\.(weight|bias)$|(query|output|inner|outer)\.bias$"


def overrides(settings: Mapping[str, str]) -> list[str]:
    return [f"{key}={value}" for key, value in settings.items()]


def outside(values: Mapping[str, Tensor], own: str) -> dict[str, Tensor]:
    return {path: value for path, value in values.items() if not re.search(own, path)}


@pytest.mark.parametrize(("base", "factor", "variant", "own"), VARIANTS)
def test_what_is_outside_the_factor_starts_the_same(base: dict[str, str], factor: str, variant: str, own: str) -> None:
    reference = outside(toy.build(*overrides(base)).state_dict(), own)
    found = outside(toy.build(*overrides(base | {factor: variant})).state_dict(), own)
    assert found.keys() == reference.keys()
    assert len(found) > 10
    for path, value in found.items():
        assert torch.equal(value, reference[path]), path


@pytest.mark.parametrize("base", [RNN, TRANSFORMER, TRANSFORMER | {"model.tied_embeddings": "true"}])
@pytest.mark.parametrize("score", toy.options("score"))
def test_a_seed_makes_the_model_and_another_seed_another(base: dict[str, str], score: str) -> None:
    first, again, other = (toy.build(*overrides(base | {"score": score}), seed=seed) for seed in (1, 1, 2))
    for (path, value), same, different in zip(
        first.named_parameters(), again.parameters(), other.parameters(), strict=True
    ):
        assert torch.equal(value, same), path
        assert torch.equal(value, different) == bool(re.search(CONSTANT, path)), path


def test_the_values_do_not_depend_on_the_random_state_nor_change_it() -> None:
    torch.manual_seed(0)
    first, state = toy.build(seed=3), torch.get_rng_state()
    reference = torch.rand(3)
    torch.set_rng_state(state)
    toy.initialise(first, 3)
    assert torch.equal(torch.rand(3), reference)
    torch.manual_seed(99)
    for (path, value), other in zip(first.named_parameters(), toy.build(seed=3).parameters(), strict=True):
        assert torch.equal(value, other), path


def test_modules_of_one_kind_differ_by_their_path() -> None:
    model = toy.build(bidirectional=False)
    assert not torch.equal(model.encoder.states.weight, model.encoder.bridge.weight)
    assert not torch.equal(model.encoder.embedding.weight, model.embedding.weight)


@pytest.mark.parametrize("base", [RNN, TRANSFORMER])
@pytest.mark.parametrize("score", toy.options("score"))
def test_every_module_with_parameters_can_draw_them_anew(base: dict[str, str], score: str) -> None:
    model = toy.build(*overrides(base | {"score": score}))
    for path, module in model.named_modules():
        if next(module.parameters(recurse=False), None) is not None:
            assert callable(getattr(module, "reset_parameters", None)), path


@pytest.mark.parametrize(
    ("chosen", "shape", "message"),
    [
        (("heads=4",), {}, r"heads=4: .*width 6.*1, 2, 3, 6"),
        (("scope=local_m", "scope.window=0"), {}, r"scope\.window=0: must be 1 or more"),
        ((), {"cell": "sru"}, r"model\.cell=sru: must be one of rnn, gru, lstm"),
        ((), {"dropout": 1.0}, r"model\.dropout=1.0: must be at least 0 and below 1"),
        ((), {"dropout": -0.1}, r"model\.dropout=-0.1: must be at least 0 and below 1"),
        ((), {"layers": 0}, r"model\.layers=0: must be 1 or more"),
        ((), {"embedding": 0}, r"model\.embedding=0: must be 1 or more"),
        ((), {"width": -1}, r"model\.width=-1: must be 1 or more"),
        (("decoder=none", "decoder.context=always"), {}, r"decoder\.context=always: must be initial or every_step"),
    ],
)
def test_a_value_that_cannot_be_is_named(chosen: tuple[str, ...], shape: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        toy.build(*chosen, **shape)
