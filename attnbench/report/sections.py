"""What the report contains, and in which order. A section with nothing to show is left out."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from attnbench.report.analysis import Analysis
from attnbench.report.claims import claims
from attnbench.report.competition import main_condition
from attnbench.report.document import Block, Bullets, Code, Document, Figure, Paragraph, Section, Table
from attnbench.report.figures import alignment as alignment_figures
from attnbench.report.figures import bleu, heads, lengths, memory, pareto, roofline, training, tuning
from attnbench.report.figures import effects as effect_figures
from attnbench.report.figures import growth as growth_figures
from attnbench.report.figures import kernel_regression as regression_figures
from attnbench.report.figures import pairs as pair_figures
from attnbench.report.figures.cards import cards
from attnbench.report.findings import findings
from attnbench.report.pages.viewer import viewer
from attnbench.report.study.equality import equality
from attnbench.report.study.explanation import Explanations
from attnbench.report.study.naming import NOT_CONVERGED
from attnbench.report.study.study import Study
from attnbench.report.summary import summary
from attnbench.report.tables import alignment as alignment_tables
from attnbench.report.tables import cost, published, quality, setting
from attnbench.report.tables import effects as effect_tables
from attnbench.report.tables import growth as growth_tables
from attnbench.report.tables import kernel_regression as regression_tables
from attnbench.report.tables import pairs as pair_tables
from attnbench.report.tables import tuning as tuning_tables
from attnbench.report.tables.samples import samples

APPENDIX = (
    *("Factor effects", "Tuning and convergence", "Heads", "Published figures"),
    *("Failures and gaps", "Running it again", "Environment"),
)


def build_document(
    analysis: Analysis,
    *,
    title: str,
    command: str,
    broken: Sequence[str] = (),
    outdated: int = 0,
    explanations: Explanations | None = None,
) -> Document:
    """The whole report.

    Args:
        analysis: the statistics of the study.
        title: of the report.
        command: the command that made it.
        broken: a line for each file that could not be read.
        outdated: how many records were left out, because another record of the same job is used.
        explanations: of the choices of config groups.
    """
    study, found, claimed = analysis.study, findings(analysis), claims(analysis)
    parts: dict[str, Callable[[], Iterator[Block]]] = {
        "Summary": lambda: _summary(analysis, found.first),
        "Mechanisms": lambda: _mechanisms(study, explanations or {}),
        "Quality": lambda: _quality(analysis),
        "Quality by sentence length": lambda: _by_length(analysis),
        "Alignments": lambda: _alignments(analysis),
        "Kernel regression": lambda: _pooling(study),
        "Cost of a training step": lambda: _cost(study),
        "Growth with the length": lambda: _growth(analysis),
        "Quality against cost": lambda: pareto.fronts(study, analysis.bleu),
        "Factor effects": lambda: _effects(analysis),
        "Tuning and convergence": lambda: _trainings(study),
        "Heads": lambda: _heads(study),
        "Published figures": lambda: published.beside(analysis),
        "Failures and gaps": lambda: _failures(study, broken, outdated),
        "Running it again": lambda: _again(study, command, broken),
        "Environment": lambda: iter((setting.environment(study),)),
    }
    sections = []
    for name, make in parts.items():
        if blocks := [_explained(block) for block in make()]:
            told = [Bullets(tuple(found.later[name]))] if name in found.later else []
            sections.append(Section(name, (*told, *blocks), claimed.get(name, ""), name in APPENDIX))
    date = max(record.started for record in study.records)[:10]
    return Document(title, date, tuple(sections))


def _explained(block: Block) -> Block:
    """A table or a figure with a mechanism that has not converged says in its caption what the mark means."""
    if isinstance(block, Table):
        marked = any(isinstance(cell, str) and NOT_CONVERGED in cell for row in block.rows for cell in row)
    elif isinstance(block, Figure):
        marked = NOT_CONVERGED in block.drawing.svg  # the names are in the texts on hover
    else:
        return block
    return replace(block, caption=f"{block.caption} {NOT_CONVERGED}: has not converged.") if marked else block


def _summary(analysis: Analysis, first: Sequence[str]) -> Iterator[Block]:
    yield from summary(analysis)
    yield from bleu.by_mechanism(analysis.study, analysis.bleu, analysis.ranks, quality.interval_note(analysis.bleu))
    if sentences := (*setting.warnings(analysis.study), *first):
        yield Bullets(sentences)
    if equal := equality(analysis.study):
        yield Paragraph(equal)


def _mechanisms(study: Study, explanations: Explanations) -> Iterator[Block]:
    yield from setting.described(study, explanations)
    yield from cards(study, explanations)


def _again(study: Study, command: str, broken: Sequence[str]) -> Iterator[Block]:
    statuses = Counter(record.status.replace("_", " ") for record in study.records)
    counts = ", ".join(f"{count:,} {status}" for status, count in statuses.items())
    start, end = (pick(record.started for record in study.records)[:16].replace("T", " ") for pick in (min, max))
    hours = sum(record.duration_s for record in study.records) / 3600
    time = f"{hours:.1f} hours" if hours >= 1 else f"{hours * 60:.1f} minutes"
    when = f"at {start}" if start == end else f"between {start} and {end}"
    failed = "" if set(statuses) != {"finished"} or broken else " No job failed."
    jobs = "1 job" if len(study.records) == 1 else f"{len(study.records):,} jobs"
    yield Paragraph("The command behind this report:")
    yield Code(command)
    yield Paragraph(f"{jobs}: {counts}.{failed} Started {when} UTC; {time} of computing in all.")
    yield setting.grid(study)
    yield setting.reproduction(study)
    yield setting.configuration(study)


def _quality(analysis: Analysis) -> Iterator[Block]:
    if not analysis.bleu:
        return
    yield quality.quality(analysis)
    yield from pair_figures.matrices(analysis)
    yield from pair_tables.pairs(analysis)
    qualities = [record.quality for record in analysis.study.records if record.quality]
    signatures = dict.fromkeys(f"BLEU {each.bleu_signature}" for each in qualities)
    signatures |= dict.fromkeys(f"chrF {each.chrf_signature}" for each in qualities)
    yield Paragraph("sacreBLEU's signatures of these numbers:")
    yield Code("\n".join(signatures))


def _pooling(study: Study) -> Iterator[Block]:
    if not study.regressions.empty:
        yield regression_tables.errors(study)
        yield from regression_figures.figures(study)


def _cost(study: Study) -> Iterator[Block]:
    if not study.steps.empty:
        yield cost.step(study)
        yield from memory.step_memory(study)
        yield from cost.memory(study)


def _growth(analysis: Analysis) -> Iterator[Block]:
    study = analysis.study
    for measured in dict.fromkeys(measured for measured, _ in analysis.curves):
        if not analysis.curves[measured, "ms"] and not analysis.curves[measured, "forward_ms"]:
            continue
        yield from growth_figures.growth(study, measured)
        yield from growth_tables.exponents(analysis, measured)
        yield from growth_tables.stability(analysis, measured)
        yield from growth_tables.ratios(study, measured)
        yield from growth_tables.efficiency_lengths(analysis, measured)
        yield from growth_tables.fits(analysis, measured)
        yield from growth_tables.costs(study, measured)
        if measured.of == "attention":
            yield from roofline.roofline(study, measured.device)


def _effects(analysis: Analysis) -> Iterator[Block]:
    if analysis.effects and analysis.effects.told:
        yield from effect_figures.effects(analysis.effects)
        yield from effect_tables.tables(analysis.effects)
    else:
        yield from effect_tables.contrasts(analysis)


def _by_length(analysis: Analysis) -> Iterator[Block]:
    yield from lengths.by_length(analysis.study, analysis.bins)
    yield from quality.beyond(analysis)


def _trainings(study: Study) -> Iterator[Block]:
    yield from tuning_tables.trainings(study)
    yield from tuning.sensitivity(study)
    yield from tuning.by_trials(study)
    yield from training.learning_curves(study)


def _alignments(analysis: Analysis) -> Iterator[Block]:
    yield from alignment_tables.agreement(analysis)
    yield from alignment_figures.figures(analysis)
    condition = main_condition(analysis.bleu)
    if explored := viewer(analysis.study, next(iter(analysis.bleu.get(condition, ())), ""), condition):
        yield explored
    yield from samples(analysis)


def _heads(study: Study) -> Iterator[Block]:
    yield from heads.heads(study)
    yield from alignment_tables.heads(study)


def _failures(study: Study, broken: Sequence[str], outdated: int) -> Iterator[Block]:
    if (table := setting.failures(study, broken)).rows:
        yield table
    if outdated:
        are = "record was" if outdated == 1 else "records were"
        yield Paragraph(f"{outdated:,} {are} left out: another record of the same job, finished or newer, is used.")
