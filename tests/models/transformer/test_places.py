"""Places of attention in the Transformer: each uses its own part if one is chosen, else the common part."""

from typing import Any

import pytest
from hydra import compose, initialize_config_dir

from attnbench.job.build import attention_node, build
from attnbench.job.identity import factors, job_key
from tests.marks import slow
from tests.models import toy

GROUPS = ("score", "scope", "selection", "key_value", "kernel")
PLACES = ("self", "causal", "cross")


def composed(*overrides: str) -> Any:
    with initialize_config_dir(toy.CONF, version_base=None):
        return compose("train", ["model=transformer", *overrides], return_hydra_config=True)


def named(*overrides: str) -> dict[str, Any]:
    """The factors of a job."""
    cfg = composed(*overrides)
    return factors(cfg, cfg.hydra)


@pytest.mark.parametrize("group", GROUPS)
def test_a_part_of_one_place_is_that_of_this_place_alone(group: str) -> None:
    usual = toy.config("model=transformer")
    for place in PLACES:
        choice = next(name for name in toy.options(group) if common(group, name) != usual)
        chosen = toy.config("model=transformer", f"{group}@{place}.{group}={choice}")
        for each in PLACES:
            source = common(group, choice) if each == place else usual
            assert chosen[f"{each}_attention"] == source[f"{each}_attention"]


@pytest.mark.parametrize("group", [slow("score"), slow("kernel"), *GROUPS[1:-1]])
def test_each_place_has_the_part_that_is_chosen_for_it(group: str) -> None:
    names = toy.options(group)
    for first in range(len(names)):
        choices = {place: names[(first + i) % len(names)] for i, place in enumerate(PLACES)}
        chosen = toy.config("model=transformer", *(f"{group}@{place}.{group}={it}" for place, it in choices.items()))
        for place, choice in choices.items():
            assert chosen[f"{place}_attention"] == common(group, choice)[f"{place}_attention"]


def common(group: str, choice: str) -> Any:
    """The model with this choice in all places."""
    return toy.config("model=transformer", f"{group}={choice}")


def test_a_part_of_one_place_has_settings_of_its_own() -> None:
    model = toy.config(
        *("model=transformer", "scope=local_m", "scope.window=7", "heads=2"),
        *("scope@cross.scope=local_m", "cross.scope.window=4", "cross.heads=3"),
    )
    windows = [model[f"{place}_attention"]["scope"]["window"] for place in PLACES]
    heads = [model[f"{place}_attention"]["heads"] for place in PLACES]
    assert (windows, heads) == ([7, 7, 4], [2, 2, 3])


def test_the_factors_name_the_place() -> None:
    usual, own = named(), named("score@cross.score=additive", "cross.heads=2", "scope@causal.scope=local_m")
    assert own.items() - usual.items() == {("cross.score", "additive"), ("cross.heads", 2), ("causal.scope", "local_m")}
    assert usual.items() <= own.items()
    assert usual.items() >= {("score", "scaled_dot"), ("key_value", "projected"), ("heads", 4)}


@pytest.mark.parametrize(
    ("overrides", "unread"),
    [
        ((), {"decoder", "segmentation"}),
        (("model=rnn",), {"positions", "segmentation"}),
        (("model=rnn", "decoder=none"), {"positions", "score", "scope", "selection", "key_value", "kernel", "heads"}),
        ([f"score@{place}.score=dot" for place in PLACES], {"score", "decoder"}),
        ([f"{place}.heads=2" for place in PLACES], {"heads", "decoder"}),
    ],
)
def test_what_the_model_does_not_read_is_no_factor(overrides: list[str], unread: set[str]) -> None:
    found = named(*overrides)
    assert not unread & set(found)
    assert {"model", "task", "search"} <= set(found)
    for name in {"score", "positions", "decoder"} - unread:
        assert name in found


def test_a_job_that_is_built_is_still_the_same_job() -> None:
    cfg = composed("score@cross.score=additive")
    key, named_before = job_key(cfg), factors(cfg, cfg.hydra)
    build(cfg.model)
    assert (job_key(cfg), factors(cfg, cfg.hydra)) == (key, named_before)


@pytest.mark.parametrize(
    ("overrides", "score"),
    [
        (("model=transformer", "score@self.score=cosine"), "Cosine"),
        (("model=transformer", "score@cross.score=cosine"), "ScaledDot"),
        (("model=rnn", "decoder=bahdanau", "score=general"), "General"),
        (("model=rnn", "decoder=none"), None),
    ],
)
def test_the_attention_that_is_measured_is_the_first(overrides: tuple[str, ...], score: str | None) -> None:
    node = attention_node(composed(*overrides).model)
    found = None if node is None else node.score._target_.rpartition(".")[2]
    assert found == score
