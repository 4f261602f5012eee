"""Every pair of the best mechanisms: which is ahead, how surely, and what more seeds would tell."""

from collections.abc import Iterator

from attnbench.report.analysis import LEVEL, Analysis
from attnbench.report.document import CellValue, Column, Table, fixed, signed, without_empty
from attnbench.report.statistics.pairs import POWER
from attnbench.report.tables.quality import p_value, some

MOST_SEEDS = 1000  # that the table names


def pairs(analysis: Analysis) -> Iterator[Table]:
    """A row for each pair, by condition; the closest first. Nothing if no mechanisms are compared."""
    rows: list[tuple[CellValue, ...]] = []
    for condition, mine in analysis.pairs.items():
        for one in sorted(mine, key=lambda one: one.pair.superiority):
            pair = one.pair
            decided = None if one.significant else _seeds(pair.seeds)
            known = (pair.difference, pair.superiority, one.adjusted_p, pair.detectable, decided)
            rows.append((pair.ahead, pair.behind, condition, *known))
    if not rows:
        return
    columns = (
        Column("Ahead"),
        Column("Behind"),
        Column("Condition"),
        Column("Δ BLEU", signed),
        Column("P(ahead)", fixed(2)),
        Column("p, Holm", p_value),
        Column("Detectable", fixed(1)),
        Column("Seeds to decide", fixed(0)),
    )
    caption = (
        "Every pair of the best mechanisms, the closest first: the difference of the means in BLEU with its 95 % "
        "interval. P(ahead) is the probability that one training of the mechanism that is ahead has a higher BLEU than "
        "one of the other, on other sentences of the kind (Bouthillier et al. 2021); below 0.75, the difference has "
        f"little meaning for one training. p is for no difference, corrected by Holm over all rows; * marks p < "
        f"{LEVEL}. "
        f"Detectable is the smallest difference that is found with a probability of {100 * POWER:.0f} %, with these "
        "seeds. Seeds to decide: about as many seeds of each would find the difference with this probability, if it is "
        "as large as it seems. Sentences: only a larger test set would. "
        f"{_pool_note(analysis)}"
    )
    yield without_empty(Table("pairs", caption, columns, tuple(rows), collapsed=True))


def _seeds(count: int | None) -> CellValue:
    if count is None:
        return "sentences"
    return count if count <= MOST_SEEDS else f"> {MOST_SEEDS:,}"


def _pool_note(analysis: Analysis) -> str:
    """Where the variance between seeds comes from."""
    noises = [one.seed_noise for one in analysis.contests.values()]
    note = "The variance between seeds is pooled over the mechanisms of a condition"
    if all(noise.shared.all() for noise in noises):
        return f"{note}."
    apart = [
        name
        for one, noise in zip(analysis.contests.values(), noises, strict=True)
        for name, shared in zip(one.names, noise.shared, strict=True)
        if not shared
    ]
    return f"{note}, apart from those with a larger one: {some([*dict.fromkeys(apart)])}."
