"""Published figures beside ours, each with its protocol."""

from collections.abc import Iterator

from attnbench.report.analysis import Analysis
from attnbench.report.document import CellValue, Column, Table, fixed, interval
from attnbench.report.statistics import Estimate
from attnbench.report.tables.published_figures import published

MAX_OURS = 6  # of our mechanisms: the best


def beside(analysis: Analysis) -> Iterator[Table]:
    """A row for each figure: those of the literature, then ours. Nothing if the task has no published figure."""
    ours = {"BLEU": (analysis.bleu, fixed(1)), "AER": (analysis.aer, fixed(2))}
    found = list(published(analysis.study.records, [measure for measure, (mine, _) in ours.items() if mine]))
    rows: list[tuple[CellValue, ...]] = []
    for measure in dict.fromkeys(figure.measure for figure in found):
        theirs = [figure for figure in found if figure.measure == measure]
        rows += [(measure, each.system, each.value, each.protocol, each.source) for each in theirs]
        mine, show = ours[measure]
        rows += [
            (measure, name, interval(one, show), how, "this report")
            for name, one, how in _best(analysis, mine, measure)
        ]
    if rows:
        columns = (
            Column("Measure"),
            Column("System"),
            Column("Value"),
            Column("How it was measured", wide=True),
            Column("By"),
        )
        caption = (
            "Figures from the literature beside ours. Read the protocols first. Data, tokens and casing differ, and a "
            f"figure is comparable only if they are the same. Of ours, at most the {MAX_OURS} best of a condition are "
            "shown."
        )
        yield Table("published", caption, columns, tuple(rows))


def _best(
    analysis: Analysis, mine: dict[str, dict[str, Estimate]], measure: str
) -> Iterator[tuple[str, Estimate, str]]:
    """Mechanism, estimate and protocol of the best mechanisms in each condition."""
    for condition, ranked in mine.items():
        for name, estimate in list(ranked.items())[:MAX_OURS]:
            yield name, estimate, ", ".join(filter(None, (condition, _protocol(analysis, condition, name, measure))))


def _protocol(analysis: Analysis, condition: str, name: str, measure: str) -> str:
    study = analysis.study
    places = zip(study.records, study.condition, study.mechanism, strict=True)
    record = next(r for r, *place in places if place == [condition, name] and r.quality)
    assert record.quality is not None
    task = record.factors.get("task", "")
    if measure == "BLEU":
        return f"{task}, {record.quality.sentences:,} sentences; {record.quality.bleu_signature}"
    sentences = record.alignment.sentences if record.alignment else 0
    return f"{task}, {sentences:,} sentences; links by arg max of the mean over layers and heads, teacher forcing"
