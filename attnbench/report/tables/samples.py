"""The same few sentences, translated by several mechanisms."""

from collections.abc import Iterator

from attnbench.record import TranslationSample
from attnbench.report.analysis import Analysis
from attnbench.report.document import CellValue, Column, Table
from attnbench.report.study.study import evenly_spaced

SENTENCES = 5
MECHANISMS = 12
LONG = 30  # rows; a longer table is folded away


def samples(analysis: Analysis) -> Iterator[Table]:
    """Source, reference and hypotheses of a few sentences of the first condition; nothing if there are none."""
    rows: list[tuple[CellValue, ...]] = []
    for number, hypotheses in enumerate(list(_by_source(analysis).values())[:SENTENCES], 1):
        sample = next(iter(hypotheses.values()))
        rows += [(number, "source", sample.source), ("", "reference", sample.reference)]
        rows += [("", name, each.hypothesis) for name, each in hypotheses.items()]
    if rows:
        columns = (Column("Sentence"), Column("By"), Column("Text", wide=True))
        caption = (
            f"Sentences of the test set, translated by at most {MECHANISMS} mechanisms that span the "
            "ranking from the best to the worst BLEU."
        )
        yield Table("samples", caption, columns, tuple(rows), collapsed=len(rows) > LONG)


def _by_source(analysis: Analysis) -> dict[str, dict[str, TranslationSample]]:
    """Samples by source sentence and by mechanism, the best mechanism first."""
    study, found = analysis.study, dict[str, dict[str, TranslationSample]]()
    for condition, ranked in list(analysis.bleu.items())[:1]:
        for name in evenly_spaced(list(ranked), MECHANISMS):
            places = zip(study.records, study.condition, study.mechanism, strict=True)
            quality = next(record.quality for record, *place in places if place == [condition, name] and record.quality)
            for sample in quality.samples:
                found.setdefault(sample.source, {})[name] = sample
    return found
