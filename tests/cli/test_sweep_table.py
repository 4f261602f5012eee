"""The table at the end of a sweep, from made-up records."""

from dataclasses import replace

import pytest

from attnbench.cli.short_table import MOST
from attnbench.cli.sweep_table import print_table, print_warnings
from tests.report import records


def printed(jobs: list[records.Record], capsys: pytest.CaptureFixture[str]) -> tuple[str, list[str]]:
    """The head, and the rows below it."""
    print_table(jobs)
    head, _, *rows = capsys.readouterr().out.splitlines()
    return head, rows


def test_exponents_have_their_lengths_and_asymptotes(capsys: pytest.CaptureFixture[str]) -> None:
    head, (attention, none) = printed([records.attention(), records.no_attention()], capsys)
    start, end = head.index("time ~ n^ (asymptote)"), head.index("seconds")
    time, memory = (cell.strip() for cell in attention[start:end].split("  ") if cell.strip())
    assert time == "1.98 for n = 256 to 4,096 (n²)"
    assert memory.endswith("to 4,096 (n)")
    assert not none[start:end].strip()


def test_seeds_share_a_row(capsys: pytest.CaptureFixture[str]) -> None:
    jobs = [records.attention(score, seed=seed) for seed in (1, 2, 3) for score in ("dot", "additive")]
    head, rows = printed(jobs, capsys)
    assert head.startswith("score     seeds  BLEU")
    assert [row.split()[:2] for row in rows] == [["dot", "1,2,3"], ["additive", "1,2,3"]]
    assert all(" ± " in row and "3 of 3" in row for row in rows)


def test_only_what_tells_rows_apart_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    jobs = [records.attention(), records.attention("additive"), records.no_attention()]
    head, _ = printed(jobs, capsys)
    assert head.split()[:3] == ["decoder", "score", "seeds"]
    other = replace(jobs[0], factors=jobs[0].factors | {"score.scaled": True})
    head, rows = printed([jobs[0], other], capsys)
    assert head.split()[:2] == ["score.scaled", "seeds"]
    assert len(rows) == 2


def test_what_was_tuned_and_what_failed(capsys: pytest.CaptureFixture[str]) -> None:
    jobs = [replace(records.attention(seed=seed), tuned={"training.learning_rate": 0.004}) for seed in (1, 2)]
    jobs[1] = replace(records.failed(jobs[1], "too large"), tuned=jobs[1].tuned)
    head, [row] = printed(jobs, capsys)
    assert "learning_rate" in head
    assert "0.004" in row
    assert row.endswith("finished, failed: too large")


def test_each_warning_says_how_many_jobs_and_trials_have_it(capsys: pytest.CaptureFixture[str]) -> None:
    jobs = [replace(records.attention(seed=seed), warnings=["all", "one"] if seed == 1 else ["all"]) for seed in (1, 2)]
    trials = [replace(records.attention(seed=seed), trial=True, warnings=["all"][: seed % 2]) for seed in (3, 4, 5)]
    print_warnings([*jobs, *trials])
    print_warnings(jobs[1:])
    print_warnings([records.attention()])
    assert capsys.readouterr().out.splitlines() == [
        "warning (2 of 2 jobs, 2 of 3 trials): all",
        "warning (1 of 2 jobs): one",
        "warning: all",
    ]


def test_a_bleu_of_zero_is_shown_and_seeds_that_agree_have_no_deviation(capsys: pytest.CaptureFixture[str]) -> None:
    job = records.attention()
    assert job.quality
    jobs = [replace(job, seed=seed, quality=replace(job.quality, bleu=0.0)) for seed in (1, 2)]
    head, [row] = printed(jobs, capsys)
    assert row[head.index("BLEU") :].split()[0] == "0.0"
    assert "±" not in row[head.index("BLEU") : head.index("exact %")]


def test_many_seeds_are_counted_and_a_long_error_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    jobs = [records.attention(seed=seed) for seed in range(5)]
    _, [row] = printed([*jobs, records.failed(records.attention(seed=5), "no\n" * 999)], capsys)
    assert row.startswith("6 seeds ")
    assert len(row) < 300


def many(mechanisms: int, lengths: tuple[int, ...] = (16,)) -> list[records.Record]:
    job = records.attention()
    assert job.quality
    return [
        replace(
            job,
            factors=job.factors | {"key_value.size": size, "length": length},
            quality=replace(job.quality, bleu=float(size % 97)),
        )
        for length in lengths
        for size in range(mechanisms)
    ]


def test_a_long_table_shows_the_best_and_the_worst(capsys: pytest.CaptureFixture[str]) -> None:
    _, rows = printed(many(MOST), capsys)
    assert len(rows) == MOST
    *jobs, last = many(90)
    head, rows = printed([*jobs, records.failed(last, "boom")], capsys)
    assert rows[-1] == (
        "35 of 90 rows: the 17 best and the 17 worst of all; rows with jobs that did not finish: 1. The report "
        "has all rows."
    )
    bleu = [row[head.index("BLEU") :].split()[0] for row in rows[:-2]]
    assert [float(each) for each in bleu] == [*range(88, 71, -1), *range(16, -1, -1)]
    assert rows[-2].endswith("failed: boom")


def test_each_condition_has_its_best_and_its_worst(capsys: pytest.CaptureFixture[str]) -> None:
    _, rows = printed(many(30, (16, 32, 48)), capsys)
    assert len(rows) == 31
    assert rows[-1].startswith("30 of 90 rows: the 5 best and the 5 worst in each condition; rows")
    _, rows = printed(many(2, tuple(range(16, 100))), capsys)
    assert rows[-1].startswith("34 of 168 rows: the 1 best and the 1 worst in the first 17 of 84 conditions")
