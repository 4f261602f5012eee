"""The names of mechanisms, and their styles: the same everywhere, and all different."""

from dataclasses import replace

from attnbench.record import Factor, Record
from attnbench.report.study.naming import conditions, label, natural_key, telling_factors
from attnbench.report.study.study import evenly_spaced, study
from tests.report import records


def labels(jobs: list[Record]) -> list[str]:
    return [label(factors, factors) for factors in telling_factors(jobs)]


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


def test_a_single_mechanism_is_called_by_its_attention() -> None:
    assert labels([with_factors(score="dot", scope="global", heads=4, kernel="auto")]) == ["dot"]
    assert labels([with_factors(score="dot", scope="local_m", model="rnn", heads=4)]) == ["dot · local_m · rnn"]
    assert labels([with_factors(tied=True)]) == ["tied true"]


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


def cost(contender: str, **factors: Factor) -> Record:
    """A contender of a cost session."""
    named: dict[str, Factor] = {"contender": contender, **factors, "device": "cpu", "heads": 4, "precision": "fp32"}
    return replace(records.cost_only(records.attention()), factors=named)


def test_costs_beside_trained_jobs_leave_their_names_as_they_are() -> None:
    trained = [
        records.no_attention(),
        *(records.attention(score, heads=n) for score in ("dot", "additive") for n in (1, 4)),
    ]
    contenders = [cost("sdpa"), *(cost("attention", score="dot", kernel=kernel) for kernel in ("fused", "dense"))]
    assert labels(trained) == ["none", "dot · heads 1", "dot · heads 4", "additive · heads 1", "additive · heads 4"]
    assert labels(contenders) == ["sdpa", "fused", "dense"]
    assert labels([*trained, *contenders]) == labels(trained) + labels(contenders)
    assert labels([*contenders, *trained]) == labels(contenders) + labels(trained)


def test_a_cost_that_has_a_trained_jobs_name_says_that_it_is_a_contender() -> None:
    trained = [records.attention("dot"), records.attention("additive")]
    contenders = [cost("attention", score="dot"), cost("attention", score="general")]
    assert labels(contenders) == ["dot", "general"]
    assert labels([*trained, *contenders]) == ["dot", "additive", "attention · dot", "attention · general"]


def test_other_tasks_leave_names_as_they_are() -> None:
    poolings = [records.pooling("average", None), records.pooling(), records.pooling(learned=True)]
    trained = [records.attention("dot"), records.attention("additive")]
    assert labels([*trained, *poolings]) == labels(trained) + labels(poolings)
    assert conditions([trained[0], poolings[0]]) == ["grammar", "kernel_regression"]


def test_the_settings_of_a_task_are_part_of_the_condition() -> None:
    pairs = [with_factors(task="tatoeba", score="dot", **{"task.pair": pair}) for pair in ("eng-deu", "eng-cmn")]
    assert labels(pairs) == ["dot", "dot"]
    assert conditions(pairs) == ["eng-deu", "eng-cmn"]


def test_sweeps_are_told_apart_only_where_the_same_factors_stand_for_something_else() -> None:
    def of(sweep: str, updates: int, score: str = "dot", seed: int = 1) -> Record:
        return replace(records.attention(score, seed=seed), sweep=sweep, config={"updates": updates, "seed": seed})

    assert conditions([of("a", 10), of("b", 20)]) == ["a", "b"]
    assert conditions([of("a", 10), of("b", 20), of("b", 10, "additive")]) == ["a", "b", "b"]
    assert conditions([of("a", 10), of("b", 10, seed=2)]) == ["", ""]  # more seeds of the same
    assert conditions([of("a", 10), of("b", 20, "additive")]) == ["", ""]  # told apart by the score
    assert conditions([of("a", 10), of("a", 20)]) == ["", ""]  # the sweep does not tell them


def test_natural_order() -> None:
    assert sorted(["heads 16", "heads 4"], key=natural_key) == ["heads 4", "heads 16"]


def test_styles_are_distinct_for_many_mechanisms() -> None:
    encoding = study(records.sweep(("dot", "additive", "general", "cosine"))).encoding
    assert len(encoding.styles) == 33
    assert len({(s.colour, s.marker, s.fill) for s in encoding.styles.values()}) == 33
    families = {member.family for name, member in encoding.members.items() if name != "none"}
    assert families == {"dot", "additive", "general", "cosine"}
    assert encoding.members["none"].family == ""
    assert encoding.members["dot · global · soft · heads 4"].name == "global · soft · heads 4"
    assert len({s.colour for name, s in encoding.styles.items() if name.startswith("cosine")}) == 1


def test_few_mechanisms_get_a_colour_each() -> None:
    encoding = study(records.classics()).encoding
    assert len({style.colour for style in encoding.styles.values()}) == 5
    assert [entry.text for entry in encoding.legend] == list(encoding.styles)
    assert {member.family for member in encoding.members.values()} == {""}


def test_spread_keeps_the_ends() -> None:
    assert evenly_spaced(list("abcdefg"), 3) == ["a", "d", "g"]
    assert evenly_spaced(["a", "b"], 3) == ["a", "b"]
