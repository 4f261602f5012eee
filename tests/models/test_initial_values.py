"""Fair by construction: whatever is outside the factor under study starts from the same values."""

from collections.abc import Mapping
from typing import Any

import pytest
import torch
import toy
from torch import Tensor

from attnbench.errors import UserError

ATTENTION = "decoder.attention"
# The factor, one of its variants, and the part of the model that is this factor's own.
FACTORS = [
    *(("score", name, f"{ATTENTION}.score.") for name in toy.options("score")),
    *(("scope", name, f"{ATTENTION}.scope.") for name in toy.options("scope")),
    *(("selection", name, f"{ATTENTION}.selection.") for name in toy.options("selection")),
    *(("kernel", name, "nothing") for name in ("auto", "dense")),
    *(("heads", heads, f"{ATTENTION}.") for heads in ("1", "2", "3", "6")),
    *(("decoder", name, "decoder.") for name in toy.options("decoder")),
]


def outside(values: Mapping[str, Tensor], own: str) -> dict[str, Tensor]:
    return {path: value for path, value in values.items() if not path.startswith(own)}


@pytest.mark.parametrize(("factor", "variant", "own"), FACTORS)
def test_what_is_outside_the_factor_starts_the_same(factor: str, variant: str, own: str) -> None:
    fixed = {"score": "additive", "decoder": "bahdanau", "scope": "local_p"}  # with many values of their own
    overrides = [f"{key}={value}" for key, value in (fixed | {factor: variant}).items()]
    reference = outside(toy.build(*(f"{key}={value}" for key, value in fixed.items())).state_dict(), own)
    found = outside(toy.build(*overrides).state_dict(), own)
    assert found.keys() == reference.keys()
    assert len(found) > 10
    for path, value in found.items():
        assert torch.equal(value, reference[path]), path


@pytest.mark.parametrize("score", toy.options("score"))
def test_a_seed_makes_the_model_and_another_seed_another(score: str) -> None:
    first, again, other = (
        toy.build("decoder=bahdanau", f"score={score}", "scope=local_p", seed=seed) for seed in (1, 1, 2)
    )
    alike = []
    for (path, value), same, different in zip(
        first.named_parameters(), again.parameters(), other.parameters(), strict=True
    ):
        assert torch.equal(value, same), path
        if torch.equal(value, different):
            alike.append(path)
    assert alike == ([f"{ATTENTION}.score.log_beta"] if score == "cosine" else [])  # a constant


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


@pytest.mark.parametrize("score", toy.options("score"))
def test_every_module_with_parameters_can_draw_them_anew(score: str) -> None:
    model = toy.build("decoder=bahdanau", f"score={score}", "scope=local_p")
    for path, module in model.named_modules():
        if next(module.parameters(recurse=False), None) is not None:
            assert callable(getattr(module, "reset_parameters", None)), path


@pytest.mark.parametrize(
    ("overrides", "shape", "message"),
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
def test_a_value_that_cannot_be_is_named(overrides: tuple[str, ...], shape: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        toy.build(*overrides, **shape)
