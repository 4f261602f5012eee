"""The cost of one training step of the whole model: time, energy, and the parts of its memory."""

from collections.abc import Iterator

from attnbench.report.document import (
    CellValue,
    Column,
    Table,
    fixed,
    significant,
    without_empty,
)
from attnbench.report.statistics import Estimate
from attnbench.report.statistics.repetitions import FEWEST
from attnbench.report.study.frames import by_condition, median, medians
from attnbench.report.study.step_times import step_times
from attnbench.report.study.study import Study
from attnbench.report.tables.quality import PLACES

# Fields of StepMemory. The memory of the process is left out: it is that of all jobs that ran in it before.
MEMORY = {
    "parameters_mib": "Parameters",
    "gradients_mib": "Gradients",
    "optimiser_mib": "Optimiser",
    "activations_mib": "Activations",
    "attention_mib": "of them attention",
}


def step(study: Study) -> Table:
    """A row for each mechanism and condition, the cheapest first."""
    rows: list[tuple[CellValue, ...]] = []
    times: list[Estimate] = []
    for condition, here in by_condition(study.steps):
        joules = {name: median(mine, "joules") for name, mine in study.by_mechanism(here)}
        costs = medians(here, ["tokens_per_s", "peak_mib"])
        for name, time in step_times(here).items():
            times.append(time)
            rows.append((name, condition, time, *costs[name].values(), joules[name]))
    columns = (
        *PLACES,
        Column("Step (ms)", significant, bar=True),
        Column("Target tokens/s", fixed(0)),
        Column("Peak memory (MiB)", significant, bar=True),
        Column("Energy (J)", significant),
    )
    few = "" if all(time.known for time in times) else f" Quartiles need at least {FEWEST} repetitions."
    energy = "" if any(row[-1] is not None for row in rows) else " This machine does not measure its energy."
    caption = (
        f"Cost of one training step (forward, backward, update) of the whole model on a batch of {_batch(study)}, "
        "cheapest first: median [quartiles] of the time, and the peak of the allocator above what was held before."
        f"{few}{energy}"
    )
    return without_empty(Table("step_cost", caption, columns, tuple(rows)))


def memory(study: Study) -> Iterator[Table]:
    """A row for each mechanism and condition, the smallest first; nothing if no step was measured."""
    rows: list[tuple[CellValue, ...]] = []
    for condition, here in by_condition(study.steps):
        for name, held in sorted(medians(here, list(MEMORY)).items(), key=lambda each: each[1]["activations_mib"]):
            rows.append((name, condition, *held.values()))
    if rows:
        columns = (*PLACES, *(Column(f"{title} (MiB)", significant, bar=True) for title in MEMORY.values()))
        caption = (
            f"The memory that a training step holds, on a batch of {_batch(study)}, smallest activations first. "
            "Activations are the most that forward and backward hold in addition to parameters, gradients and the "
            "state of the optimiser, as the allocator counts it."
        )
        yield without_empty(Table("step_memory", caption, columns, tuple(rows)))


def _batch(study: Study) -> str:
    shapes = {(r.step.batch_size, r.step.source_length, r.step.target_length) for r in study.records if r.step}
    shown = [f"{batch} sentences of {source} and {target} tokens" for batch, source, target in sorted(shapes)]
    return f"{' or '.join(shown)} (source and target)"
