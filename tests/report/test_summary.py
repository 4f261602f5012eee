"""The first screen: what its sentence and its numbers say."""

import re
from dataclasses import replace

from attnbench.record import Record
from attnbench.report.analysis import Analysis
from attnbench.report.document import KeyNumbers, Lead, Paragraph
from attnbench.report.study.study import study
from attnbench.report.summary import summary
from tests.report import records


def told(*jobs: Record) -> tuple[str, list[str], str]:
    """The sentence, the numbers with their labels, and the line on what was run."""
    blocks = [*summary(Analysis(study(jobs)))]
    [lead] = [block.text for block in blocks if isinstance(block, Lead)]
    numbers = [each for block in blocks if isinstance(block, KeyNumbers) for each in block.items]
    assert isinstance(blocks[-1], Paragraph)
    return lead, [f"{each.value} {each.label}" for each in numbers], blocks[-1].text


def test_the_gain_is_that_of_attention() -> None:
    jobs = [make(seed=seed) for seed in (1, 2, 3) for make in (records.attention, records.no_attention)]
    lead, (gain, cost, order), line = told(*jobs)
    assert re.fullmatch(r"Attention adds \d+ BLEU\. luong is the best of 2 mechanisms\.", lead)
    assert re.fullmatch(r"\+\d+ BLEU gained by attention", gain)
    assert cost.endswith(" time of a training step, relative to none")
    assert order == "1 of 2 is the best"
    assert line.startswith("Task grammar; source length 16; model rnn; ")
    assert "3 seeds; 6 of 6 trainings converged." in line


def test_another_model_without_attention_is_no_rival() -> None:
    """The gain of a Transformer on a recurrent model is not that of attention."""
    recurrent = [records.no_attention(seed=seed) for seed in (1, 2, 3)]
    others = [records.attention(heads=heads, seed=seed) for seed in (1, 2, 3) for heads in (1, 4)]
    jobs = [*recurrent, *(replace(each, factors=each.factors | {"model": "t"}) for each in others)]
    lead, (gain, *_), _ = told(*jobs)
    assert "gained by attention" not in gain
    assert "Attention adds" not in lead


def test_with_other_models_the_gain_is_that_of_the_model_which_has_it() -> None:
    jobs = [make(seed=seed) for seed in (1, 2, 3) for make in (records.attention, records.no_attention)]
    other = [replace(each, factors=each.factors | {"model": "t"}) for each in jobs if "score" in each.factors]
    lead, *_ = told(*jobs, *other)
    assert re.match(r"Attention adds \d+ BLEU to the model rnn\. ", lead)


def test_those_that_cannot_be_told_apart_are_named() -> None:
    scores = ("dot", "general", "additive")
    lead, (ahead, _, order), _ = told(*(records.attention(score, seed=seed) for score in scores for seed in (1, 2, 3)))
    found = re.fullmatch(r"(\w+) has the highest BLEU, but (\d) others? cannot be told apart from it\.", lead)
    if found:
        assert order == f"{int(found[2]) + 1} of 3 may be the best: they cannot be told apart"
        assert ahead.endswith(", but the order is not decided")
    else:
        assert order == "1 of 3 is the best"


def test_attention_adds_only_where_every_mechanism_surely_gains() -> None:
    """One mechanism is as bad as no attention: then nothing is said of attention as such."""
    jobs = [make(seed=seed) for seed in (1, 2, 3) for make in (records.attention, records.no_attention)]
    weak = [records.attention("additive", seed=seed) for seed in (1, 2, 3)]
    bare = [records.no_attention(seed=seed) for seed in (1, 2, 3)]
    weak = [replace(each, quality=other.quality) for each, other in zip(weak, bare, strict=True)]
    lead, *_ = told(*jobs, *weak)
    assert "Attention adds" not in lead


def test_one_seed_ranks_nothing() -> None:
    lead, (bleu, _, order), _ = told(records.attention("dot"), records.attention("general"))
    assert lead.endswith("; these numbers do not rank them.")
    assert bleu.endswith(" BLEU")
    assert order == "no order can be told"


def test_one_mechanism_is_told_alone() -> None:
    lead, numbers, _ = told(records.attention("dot"))
    assert " reaches " in lead
    assert len(numbers) == 2


def test_costs_alone_have_the_fastest() -> None:
    lead, numbers, _ = told(*(records.cost_only(records.attention(scope=scope)) for scope in ("global", "local_m")))
    assert lead.startswith("At n = 4,096, local_m is the fastest of 2: ")
    assert not numbers
