"""The same few sentences, as several mechanisms translate them."""

from collections.abc import Iterator

from attnbench.record import Sample
from attnbench.report.document import Block, Cell, Column, Table
from attnbench.report.frames import conditions, numbers
from attnbench.report.study import Study, spread
from attnbench.report.tables import ranked

SENTENCES = 3
MECHANISMS = 5


def samples(study: Study) -> Iterator[Block]:
    """A table of source, reference and hypotheses at the shortest length; nothing where there are no samples."""
    found = _by_source(study)
    rows: list[tuple[Cell, ...]] = []
    for number, hypotheses in enumerate(list(found.values())[:SENTENCES], 1):
        sample = next(iter(hypotheses.values()))
        rows += [(number, "source", sample.source), ("", "reference", sample.reference)]
        rows += [("", name, each.hypothesis) for name, each in hypotheses.items()]
    if rows:
        columns = (Column("Sentence"), Column("By"), Column("Text", wide=True))
        caption = (
            f"The first sentences of the test set, in the words of at most {MECHANISMS} mechanisms that span the "
            "ranking from the best to the worst BLEU."
        )
        yield Table("samples", caption, columns, tuple(rows))


def _by_source(study: Study) -> dict[str, dict[str, Sample]]:
    """Samples by source sentence and by mechanism, the best mechanism first."""
    found: dict[str, dict[str, Sample]] = {}
    for condition in conditions(study.jobs)[:1]:
        first_job = {name: int(numbers(jobs, "job")[0]) for where, name, jobs, _ in ranked(study) if where == condition}
        for name in spread(list(first_job), MECHANISMS):
            quality = study.records[first_job[name]].quality
            for sample in quality.samples if quality else ():
                found.setdefault(sample.source, {})[name] = sample
    return found
