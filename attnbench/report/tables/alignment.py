"""Attention weights as alignments, in numbers: against gold links, and explicit against implicit weights."""

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pandas as pd

from attnbench.quality.error_rate import rates
from attnbench.report.analysis import Analysis
from attnbench.report.document import CellValue, Column, Table, fixed, interval_needs, without_empty
from attnbench.report.statistics import Estimate
from attnbench.report.study.frames import by_condition, median
from attnbench.report.study.study import Study
from attnbench.report.tables.quality import PLACES, sentences


def agreement(analysis: Analysis) -> Iterator[Table]:
    """A row for each mechanism and condition, the lowest AER first; nothing if no job has alignments."""
    study, rows = analysis.study, list[tuple[CellValue, ...]]()
    for condition, here in by_condition(study.alignment):
        found = dict(study.by_mechanism(here))
        explicit, implicit = analysis.aer.get(condition, {}), analysis.implicit_aer.get(condition, {})
        for name in sorted(found, key=lambda name: explicit[name].value if name in explicit else np.inf):
            jobs = found[name]
            correct = _rates(study, jobs)
            spread = (median(jobs, key) for key in ("entropy", "implicit_entropy", "agreement"))
            rows.append((name, condition, explicit.get(name), *correct, implicit.get(name), *spread))
    if rows:
        titles = ("AER", "Precision", "Recall", "AER, implicit", "Entropy", "Entropy, implicit", "Agreement")
        columns = (*PLACES, *(Column(title, fixed(2)) for title in titles))
        needs = interval_needs(cell for row in rows for cell in row if isinstance(cell, Estimate))
        yield without_empty(Table("alignment", _caption(study) + needs, columns, tuple(rows)))


def heads(study: Study) -> Iterator[Table]:
    """A row for each head of every mechanism with several heads."""
    titles = ("Entropy", "AER", "Precision", "Recall")
    columns, rows = [title.lower() for title in titles], list[tuple[CellValue, ...]]()
    for condition, here in by_condition(study.heads):
        places = here.astype(dict.fromkeys(columns, float)).groupby(["mechanism", "layer", "head"])[columns].median()
        values = places.astype(object).where(places.notna(), None).itertuples(name=None)
        found = [(name, condition, layer + 1, head + 1, *each) for (name, layer, head), *each in values]
        several = Counter(name for name, *_ in found)
        rows += [row for row in found if several[row[0]] > 1]
    if rows:
        shown = (*(Column(t, fixed(0)) for t in ("Layer", "Head")), *(Column(t, fixed(2)) for t in titles))
        caption = (
            "Each head separately: the entropy of its weights in nats, and how the word with most of its weight agrees "
            "with the gold links. Layers and heads are counted from 1; medians over the jobs that share a mechanism."
        )
        yield without_empty(Table("heads", caption, (*PLACES, *shown), tuple(rows), collapsed=True))


def _rates(study: Study, jobs: pd.DataFrame) -> tuple[float | None, float | None]:
    """Precision and recall of the explicit weights, over all jobs together."""
    sums = [links.explicit.sum(0) for job in jobs["job"] if (links := study.links(int(job)))]
    found = rates(np.stack(sums).tolist() if sums else [])
    return found.precision, found.recall


def _caption(study: Study) -> str:
    counts = sentences({int(n) for n in study.alignment["sentences"]}, "test sentence")
    gold = sorted({str(name) for name in study.alignment["gold"] if pd.notna(name)})
    links = (
        f" Gold links are from the {' and '.join(gold)}. Each target word is linked to the source word that has most "
        "of its weight. The alignment error rate, AER (Och and Ney 2003), can therefore not be 0 if a target word has "
        "several gold links. Its 95 % intervals are over sentences, and over seeds if there are several."
        if gold
        else ""
    )
    return (
        f"The weights of each mechanism in {counts} while the model reads the reference: the mean of "
        f"all layers and heads.{links} Entropy is in nats, the mean over target tokens. Implicit weights come from "
        "gradients. Agreement is the share of the weight that explicit and implicit weights put on the same tokens, "
        "from 0 to 1."
    )
