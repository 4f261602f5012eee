"""What the report contains and in which order; a section with nothing to show is left out."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from attnbench.report import alignment, figures, pooling, scaling, tables
from attnbench.report.document import Block, Bullets, Code, Document, Figure, Paragraph, Section
from attnbench.report.findings import findings
from attnbench.report.samples import samples
from attnbench.report.study import Study

INTERVALS = "Bars are 95 % intervals, as in the table of quality."


def document(study: Study, *, title: str, command: str, broken: Sequence[str]) -> Document:
    """The whole report. `command` made it; `broken` are lines on files that could not be read."""
    parts: dict[str, Callable[[], Iterator[Block]]] = {
        "What was run": lambda: _setting(study, command, broken),
        "Findings": lambda: _findings(study),
        "Kernel regression": lambda: _pooling(study),
        "BLEU by mechanism": lambda: _quality(study),
        "Time and memory against length": lambda: _scaling(study),
        "BLEU against cost": lambda: _cost(study),
        "BLEU by sentence length": lambda: _by_length(study),
        "Learning curves": lambda: _learning(study),
        "Alignments": lambda: _alignments(study),
        "Sample translations": lambda: samples(study),
        "Failures": lambda: _failures(study, broken),
        "Running it again": lambda: iter((tables.reproduction(study), tables.configuration(study))),
    }
    sections = [Section(name, tuple(blocks())) for name, blocks in parts.items()]
    date = max(record.started for record in study.records)[:10]
    return Document(title, date, tuple(section for section in sections if section.blocks))


def _setting(study: Study, command: str, broken: Sequence[str]) -> Iterator[Block]:
    records = study.records
    statuses = Counter(record.status.replace("_", " ") for record in records)
    counts = ", ".join(f"{count} {status}" for status, count in statuses.items())
    start, end = (pick(record.started for record in records)[:16].replace("T", " ") for pick in (min, max))
    hours = sum(record.duration_s for record in records) / 3600
    time = f"{hours:.1f} hours" if hours >= 1 else f"{hours * 60:.1f} minutes"
    when = f"at {start}" if start == end else f"between {start} and {end}"
    failed = "" if set(statuses) != {"finished"} or broken else " No job failed."
    jobs = "1 job" if len(records) == 1 else f"{len(records)} jobs"
    yield Paragraph(
        f"{jobs}: {counts}.{failed} Started {when} UTC; {time} of computing in all. The command behind this report:"
    )
    yield Code(command)
    yield tables.grid(study)
    yield tables.environment(study)


def _findings(study: Study) -> Iterator[Block]:
    sentences = findings(study)
    if sentences:
        yield Bullets(tuple(sentence[0].upper() + sentence[1:] for sentence in sentences))


def _quality(study: Study) -> Iterator[Block]:
    if study.jobs.empty:
        return
    if len(study.shown(study.jobs)) > 1:
        yield Figure(
            "bleu",
            f"BLEU on the test set by mechanism, best on top. {tables.interval_note(study)}",
            "Dot plot of BLEU with intervals, one row for each mechanism; the numbers are in the table that follows.",
            figures.bleu_by_mechanism(study),
        )
    yield tables.quality(study)
    qualities = [record.quality for record in study.records if record.quality]
    signatures = dict.fromkeys(f"BLEU {quality.bleu_signature}" for quality in qualities)
    signatures |= dict.fromkeys(f"chrF {quality.chrf_signature}" for quality in qualities)
    yield Paragraph("As sacreBLEU signs these numbers:")
    yield Code("\n".join(signatures))


def _pooling(study: Study) -> Iterator[Block]:
    if study.regressions.empty:
        return
    yield pooling.errors(study)
    chosen = pooling.examples(study)
    yield Figure(
        "pooling_curves",
        "What each pooling makes of the noisy points, at the first seed: the points, the curve that they are of, and "
        "the mean of their heights as the attention weighs them.",
        "Small plots of noisy points, the true curve and an estimate of it, one for each pooling.",
        pooling.curves(study, chosen),
    )
    yield Figure(
        "pooling_weights",
        "The weight of each training point in the estimate at each test point, both in the order of x; each map has a "
        "scale of its own.",
        "Heat maps of attention weights, one for each pooling: test points down, training points across.",
        pooling.weight_maps(chosen),
    )


def _scaling(study: Study) -> Iterator[Block]:
    for device in sorted(study.scaling["device"].unique()):
        quantities = scaling.measured_quantities(study, device)
        if not quantities:
            continue
        yield Figure(
            f"scaling_{device}",
            f"The attention alone on {device} over n queries and as many keys: times above, memory below, both axes "
            "logarithmic. Dashed grey: growth as n and as n².",
            "Log-log lines of time and memory against length, one for each mechanism; the numbers are in the tables.",
            scaling.growth(study, device),
        )
        if (ratios := scaling.ratios(study, device)).rows:
            yield ratios
        yield scaling.exponents(study, device)
        for quantity in quantities:
            yield scaling.costs(study, device, quantity)


def _cost(study: Study) -> Iterator[Block]:
    if study.steps.empty:
        return
    if len(study.shown(study.jobs)) > 1:
        yield Figure(
            "bleu_against_cost",
            f"BLEU against the time and the memory of one training step of the whole model. {INTERVALS}",
            "Scatter plots of BLEU against step time and peak memory, one point for each mechanism.",
            figures.bleu_against_cost(study),
        )
    yield tables.step_cost(study)


def _by_length(study: Study) -> Iterator[Block]:
    if not study.by_length.empty:
        yield Figure(
            "bleu_by_length",
            f"BLEU of the test sentences by the length of their source. {INTERVALS} Points of one length are set side "
            "by side so that none hides another.",
            "Lines of BLEU over classes of sentence length, one for each mechanism.",
            figures.bleu_by_length(study),
        )


def _learning(study: Study) -> Iterator[Block]:
    if not study.history.empty:
        yield Figure(
            "learning_curves",
            "BLEU on the validation set while training, against the number of updates; one line for each job.",
            "Lines of validation BLEU against updates, one for each job.",
            figures.learning_curves(study),
        )


def _alignments(study: Study) -> Iterator[Block]:
    chosen = alignment.sentence(study)
    if chosen:
        yield Figure("alignments", alignment.caption(chosen), alignment.alt(chosen), alignment.heat_maps(chosen))


def _failures(study: Study, broken: Sequence[str]) -> Iterator[Block]:
    table = tables.failures(study, broken)
    if table.rows:
        yield table
