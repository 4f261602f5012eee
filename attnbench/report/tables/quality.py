"""The quality of each mechanism, and how surely it differs from the baseline."""

import statistics
from collections.abc import Collection, Iterator, Sequence

import pandas as pd

from attnbench.report.analysis import LEVEL, Analysis
from attnbench.report.competition import Estimates
from attnbench.report.document import CellValue, Column, Table, fixed, interval_needs, signed, without_empty
from attnbench.report.study.equality import equality
from attnbench.report.study.frames import by_condition, median, numbers

NAMED = 3  # mechanisms in a list
PLACES = (Column("Mechanism"), Column("Condition"))


def quality(analysis: Analysis) -> Table:
    """A row for each mechanism and condition, the best first."""
    rows: list[tuple[CellValue, ...]] = []
    for condition, name, jobs in _ranked(analysis):
        tested = analysis.comparisons.get(condition, {}).get(name)
        against = (tested.comparison.difference, tested.adjusted_p) if tested else (None, None)
        rank = analysis.ranks.get(condition, {}).get(name)
        shares = [100 * statistics.mean(numbers(jobs, share)) for share in ("exact_match", "token_accuracy")]
        costs = (median(jobs, "parameters"), median(jobs, "train_s"))
        measured = (statistics.mean(numbers(jobs, "chrf")), *shares, *costs, len(jobs))
        rows.append((name, condition, analysis.bleu[condition][name], rank, *against, *measured))
    columns = (
        *PLACES,
        Column("BLEU", fixed(1), bar=True),
        Column("Rank", fixed(0)),
        Column("Δ BLEU", signed),
        Column("p", p_value),
        Column("chrF", fixed(1)),
        Column("Exact (%)", fixed(1)),
        Column("Accuracy (%)", fixed(1)),
        Column("Parameters", fixed(0)),
        Column("Train (s)", fixed(0)),
        Column("Jobs", fixed(0)),
    )
    counts = sentences({int(n) for n in analysis.study.jobs["sentences"]})
    equal = equality(analysis.study)
    caption = (
        f"Quality on the test set ({counts}), best first. {interval_note(analysis.bleu)}"
        f"{_rank_note(analysis)}{_baseline_note(analysis)} Exact: sentences without any mistake. Accuracy: single "
        f"tokens under teacher forcing. Parameters and training time are medians over the jobs. {equal}"
    ).strip()
    return without_empty(Table("quality", caption, columns, tuple(rows)))


def beyond(analysis: Analysis) -> Iterator[Table]:
    """A row for each mechanism: BLEU up to the training length, and beyond it; nothing if no longer sentence was
    tested.
    """
    rows: list[tuple[CellValue, ...]] = []
    for condition, mine in analysis.beyond.items():
        for name, estimate in sorted(mine.items(), key=lambda each: -each[1].value):
            near = analysis.bleu[condition][name]
            # A BLEU that may as well be 0 has no share.
            kept = 100 * estimate.value / near.value if near.known and near.low > 0 else None
            rows.append((name, condition, near, estimate, kept))
    if rows:
        bleu = (Column(title, fixed(1), bar=True) for title in ("BLEU", "BLEU beyond"))
        columns = (*PLACES, *bleu, Column("Kept (%)", fixed(0)))
        caption = (
            "BLEU of sentences as long as the training sentences, BLEU of longer ones, and the share "
            f"that is kept. The best on longer sentences is first. {interval_note(analysis.beyond)}"
        )
        yield without_empty(Table("beyond", caption, columns, tuple(rows)))


def interval_note(bleu: Estimates) -> str:
    """What the intervals of BLEU are over, why one is missing, and which mechanisms are in no test."""
    found = [estimate for mine in bleu.values() for estimate in mine.values()]
    seeds = {estimate.seeds > 1 for estimate in found if estimate.known}
    one = "over test sentences (bootstrap), for the one trained model: they leave out the noise of training"
    both = "over seeds and test sentences: they cover another training, and other sentences of the kind"
    if len(seeds) == 2:
        note = (
            f"The 95 % intervals are {both} for a mechanism with several seeds; otherwise they are {one}. A mechanism "
            "with one seed is in no test."
        )
    else:
        note = f"The 95 % intervals are {both if True in seeds else one}." if seeds else ""
    return f"{note}{interval_needs(found)}".strip()


def sentences(counts: Collection[int], noun: str = "sentence") -> str:
    """The sizes of test sets: "1 sentence", "200 or 500 sentences"."""
    return f"{' or '.join(f'{count:,}' for count in sorted(counts))} {noun}{'' if {*counts} == {1} else 's'}"


def some(names: Sequence[str]) -> str:
    """The first few names; the rest is counted."""
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f", and {more} more" if more > 0 else "")


def p_value(value: float) -> str:
    """Shows a p-value, with a star if it is significant."""
    shown = _unstarred(value)
    return f"{shown} *" if value < LEVEL else shown


def _unstarred(value: float) -> str:
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def _ranked(analysis: Analysis) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Condition, mechanism and its jobs: the conditions in order, and in each the best mechanism first."""
    for condition, here in by_condition(analysis.study.jobs):
        jobs = dict(analysis.study.by_mechanism(here))
        yield from ((condition, name, jobs[name]) for name in analysis.bleu.get(condition, {}))


def _rank_note(analysis: Analysis) -> str:
    if not analysis.ranks:
        return ""
    return (
        " Rank is the place in the order of BLEU, with the places that are possible: all pairs of mechanisms of a "
        "condition are compared at once, at the 5 % level."
    )


def _baseline_note(analysis: Analysis) -> str:
    if not analysis.comparisons:
        return ""
    baselines = dict.fromkeys(analysis.study.baselines.values())
    of_each = " of the same model" if len(baselines) > 1 else ""
    return (
        f" Δ BLEU is the difference to the baseline{of_each}, {' or '.join(baselines)}. p is for no difference, "
        f"corrected by Holm over the table; * marks p < {LEVEL}."
    )
