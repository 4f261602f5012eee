"""What mechanisms are called, and that each looks the same everywhere and unlike any other."""

from dataclasses import replace

import records

from attnbench.record import Factor, Record
from attnbench.report.mechanisms import conditions, label, natural, said
from attnbench.report.study import spread, study


def labels(jobs: list[Record]) -> list[str]:
    return [label(factors, factors) for factors in said(jobs)]


def with_factors(**factors: Factor) -> Record:
    return replace(records.attention(), factors=factors)


def test_only_what_varies_is_said() -> None:
    jobs = [records.attention("dot", "global", heads=1), records.attention("additive", "global", heads=4)]
    assert labels(jobs) == ["dot · heads 1", "additive · heads 4"]


def test_what_the_main_part_shares_is_not_said() -> None:
    assert labels([records.no_attention(), records.attention("dot"), records.attention("additive")]) == [
        "none",
        "dot",
        "additive",
    ]


def test_contexts_of_no_attention_are_told_apart() -> None:
    assert labels(records.classics()) == [
        "none · first_step",
        "none · every_step",
        "bahdanau · additive",
        "luong · dot",
        "luong · general",
    ]


def test_none_beside_a_single_attention() -> None:
    assert labels([records.no_attention(), records.attention()]) == ["none", "luong"]


def test_a_factor_only_some_have_tells_them_apart() -> None:
    assert labels([with_factors(score="dot"), with_factors(score="dot", window=8)]) == ["dot", "dot · window 8"]


def test_a_single_mechanism_is_called_by_all_its_names() -> None:
    assert labels([with_factors(score="dot", scope="global", heads=4)]) == ["dot · global"]


def test_booleans_and_numbers_come_with_their_names() -> None:
    assert labels([with_factors(tied=True), with_factors(tied=False)]) == ["tied true", "tied false"]


def test_length_task_device_and_seed_are_no_part_of_a_mechanism() -> None:
    jobs = [records.attention(length=16), records.attention(length=48, seed=2)]
    assert len(set(labels(jobs))) == 1
    assert conditions(jobs) == ["length 16", "length 48"]


def test_long_labels_leave_out_what_is_usual_in_each_model() -> None:
    usual: dict[str, dict[str, Factor]] = {
        "rnn": {"decoder": "luong", "heads": 1},
        "transformer": {"positions": "sinusoidal", "heads": 4},
    }
    varied: dict[str, Factor] = {
        "score": "additive",
        "scope": "local_m",
        "selection": "gumbel",
        "key_value": "split",
        "heads": 8,
    }
    plain: dict[str, Factor] = {"score": "dot", "scope": "global", "selection": "soft", "key_value": "tied"}
    jobs: list[Record] = []
    for model, own in usual.items():
        base = {**plain, **own, "model": model}
        jobs += [with_factors(**base), *(with_factors(**{**base, name: value}) for name, value in varied.items())]
    changes = ["", "additive · ", "local_m · ", "gumbel · ", "split · "]
    assert labels(jobs) == [
        *(f"{change}rnn" for change in changes),
        "heads 8 · rnn",
        *(f"{change}transformer" for change in changes),
        "heads 8 · transformer",
    ]


def test_natural_order() -> None:
    assert sorted(["heads 16", "heads 4"], key=natural) == ["heads 4", "heads 16"]


def test_styles_are_distinct_for_many_mechanisms() -> None:
    encoding = study(records.sweep(("dot", "additive", "general", "cosine"))).encoding
    assert len(encoding.styles) == 33
    assert len({(s.colour, s.marker, s.fill) for s in encoding.styles.values()}) == 33
    assert encoding.panels == ("heads 1", "heads 4")
    assert encoding.styles["none"].panel == ""
    assert len({s.colour for name, s in encoding.styles.items() if name.startswith("cosine")}) == 1


def test_few_mechanisms_get_a_colour_each() -> None:
    encoding = study(records.classics()).encoding
    assert len({style.colour for style in encoding.styles.values()}) == 5
    assert [entry.text for entry in encoding.legend] == list(encoding.styles)


def test_spread_keeps_the_ends() -> None:
    assert spread(list("abcdefg"), 3) == ["a", "d", "g"]
    assert spread(["a", "b"], 3) == ["a", "b"]
