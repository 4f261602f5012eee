"""A condition selects its jobs, is never run as code, and gives a clear message if it is wrong."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnbench.errors import UserError
from attnbench.record import Record
from attnbench.report.study.filter import matching
from tests.report import records

JOBS = [
    records.no_attention(),
    records.attention("dot", heads=1),
    records.attention("dot", "local_m", heads=4, seed=2),
    records.attention("additive", selection="gumbel", heads=4),
    records.failed(records.attention("general", length=48), "no memory", out_of_memory=True),
]
SCORES = st.sampled_from(["dot", "additive", "general"])


@pytest.mark.parametrize(
    ("condition", "which"),
    [
        ("score=='dot'", [1, 2]),
        ("score == 'dot' and heads > 1", [2]),
        ("score in ['dot', 'additive'] and not heads == 1", [2, 3]),
        ("1 < heads <= 4", [2, 3]),
        ("length >= 48 or seed == 2", [2, 4]),
        ("decoder.context == 'every_step'", [0]),
        ("status == 'out_of_memory'", [4]),
        ("device == 'cpu' and command == 'train' and sweep == 'example'", [0, 1, 2, 3, 4]),
        ("heads not in (1, 2)", [2, 3]),
        ("'additive' == score", [3]),
    ],
)
def test_it_picks_what_it_says(condition: str, which: list[int]) -> None:
    assert [place for place, matches in enumerate(matching(JOBS, condition)) if matches] == which


@given(SCORES, SCORES, st.sampled_from(["and", "or"]))
def test_a_job_without_the_factor_matches_neither_a_condition_nor_its_opposite(a: str, b: str, joined: str) -> None:
    for condition in (f"score == '{a}' {joined} score != '{b}'", f"score == '{a}' {joined} score == '{b}'"):
        for text in (condition, f"not ({condition})"):
            assert not _matching_or_none(text)[0]


def _matching_or_none(condition: str) -> list[bool]:
    try:
        return matching(JOBS, condition)
    except UserError as error:
        assert "holds for none" in str(error)
        return [False] * len(JOBS)


@given(SCORES, st.integers(0, 5), st.sampled_from(["==", "!=", "<", "<=", ">", ">="]))
def test_it_agrees_with_python(score: str, heads: int, operator: str) -> None:
    condition = f"score == {score!r} or heads {operator} {heads}"

    def expected(job: Record) -> bool:
        return bool(job.factors) and eval(condition, {}, dict(job.factors))

    assert _matching_or_none(condition)[1:] == [expected(job) for job in JOBS[1:]]


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("score='dot'", r"to compare, write == and not = \(character 6\)"),
        ("score == 'dot", r"cannot be read from character 10 on \(unterminated string"),
        ("score ==", "cannot be read from character 9 on"),
        ("", "cannot be read from character 1 on"),
        ("scor=='dot'", "no job has scor; did you mean score"),
        ("nothing==1", "no job has nothing; there are command, decoder, .*task"),
        ("score==dot", "dot is a value and wants quotes: 'dot'"),
        ("score in [dot]", "dot in a list wants quotes"),
        ("score=='dott'", "holds for none of 5 jobs; score is additive, dot, general"),
        ("heads==2 and seed==9", "holds for none of 5 jobs; heads is 1, 4; seed is 1, 2"),
        ("heads < 'a'", "1 and 'a' have no order"),
        ("score in 'dot'", "'dot': a list of what may stand there"),
        ("score == ['dot']", r"\['dot'\]: a list only behind in"),
        ("heads is 1", "cannot compare by Is; compare names with =="),
        ("heads", "heads is no comparison; compare names with =="),
        ("score=='dot' | heads==4", "'dot' | heads is no name, no value"),
        ("__import__('os').system('true') == 0", r"__import__.* is no name, no value"),
        ("[x for x in ()] == 1", r"\[x .*\] is no name, no value"),
        ("score.__class__ == 'a'", "no job has score.__class__"),
        ("not " * 3000 + "heads == 1", "too long"),
        ("(" * 300, "cannot be read"),
        ("heads == 1\0", "cannot be read"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_run(condition: str, message: str) -> None:
    with pytest.raises(UserError, match=rf"^where={re.escape(condition[:60])}.*: {message}"):
        matching(JOBS, condition)


def test_no_jobs_match_no_condition() -> None:
    with pytest.raises(UserError, match="no job has score"):
        matching([], "score == 'dot'")
