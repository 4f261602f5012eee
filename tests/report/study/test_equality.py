"""What the report says about the jobs of a sweep that were made equal."""

from dataclasses import replace

import pytest

from attnbench.record import Record
from attnbench.report.study.equality import equality
from attnbench.report.study.study import study
from tests.report import records


def job(
    score: str,
    matched: str | None,
    *,
    length: int = 16,
    converged: bool = False,
    parameters: int = 1000,
    **training: float,
) -> Record:
    made = records.attention(score, length=length)
    assert made.training
    account = replace(made.training, converged=converged, parameters=parameters)
    config = made.config | {"training": made.config["training"] | training}
    return replace(made, matched=matched, training=account, config=config)


@pytest.mark.parametrize(
    ("jobs", "words"),
    [
        ([job("dot", None), job("additive", None)], ""),
        (
            [job("dot", "parameters", parameters=61234), job("additive", "parameters", parameters=61890)],
            "Widths were set so that the models have about as many parameters: 61,234 to 61,890.",
        ),
        (
            [job("dot", "parameters", length=length, parameters=length) for length in (16, 32)],
            "Widths were set so that the models have about as many parameters: length 16: 16; length 32: 32.",
        ),
        (
            [job("dot", "flops", updates=1000), job("additive", "flops", updates=900), job("general", None)],
            "Budgets were set so that the trainings have about as many floating-point operations (2 of 3 jobs): 900 to "
            "1,000 updates.",
        ),
        (
            [job("dot", "seconds", seconds=60), job("additive", "seconds", seconds=60, converged=True)],
            "Budgets were set so that the trainings have the same time: 60 seconds. 1 of 2 trainings ended earlier, "
            "because the validation did not get better.",
        ),
    ],
)
def test_it_says_what_and_how(jobs: list[Record], words: str) -> None:
    assert equality(study(jobs)) == words
