"""Published figures beside ours, each with its protocol."""

from collections.abc import Iterator

from attnbench.record import Record
from attnbench.report.analysis import Analysis
from attnbench.report.document import CellValue, Column, Table, fixed, without_empty
from attnbench.report.study.study import Study
from attnbench.report.tables.published_figures import published

MOST = 16  # of our mechanisms in a condition: the best


def beside(analysis: Analysis) -> Iterator[Table]:
    """A row for each figure of BLEU, the best first. Nothing if no job has the data of a published figure."""
    theirs = list(published(analysis.study.records))
    if not theirs:
        return
    rows: dict[tuple[CellValue, ...], float] = {
        (figure.system, figure.bleu, figure.parameters, figure.protocol, figure.source): figure.bleu
        for figure in theirs
    }
    for condition, ranked in analysis.bleu.items():
        for name, estimate in list(ranked.items())[:MOST]:
            record = _first(analysis.study, condition, name)
            if any(figure.concerns(record) for figure in theirs):
                assert record.quality is not None
                parameters = record.training.parameters if record.training else None
                how = ", ".join(filter(None, (condition, record.quality.bleu_signature)))
                rows[name, estimate, parameters, how, "this report"] = estimate.value
    columns = (
        Column("System"),
        Column("BLEU", fixed(1)),
        Column("Parameters", fixed(0)),
        Column("How it was measured", wide=True),
        Column("By"),
    )
    caption = (
        "Figures from the literature beside ours, the best first. They have the same training data, test sentences and "
        f"casing. Read what else differs: tokens, vocabulary, size. Of ours, at most the {MOST} best of a condition "
        "are shown."
    )
    yield without_empty(Table("published", caption, columns, tuple(sorted(rows, key=lambda row: -rows[row]))))


def _first(study: Study, condition: str, name: str) -> Record:
    """The first job of a mechanism in a condition that was evaluated."""
    places = zip(study.records, study.condition, study.mechanism, strict=True)
    return next(record for record, *place in places if place == [condition, name] and record.quality)
