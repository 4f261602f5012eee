"""The cost of one training step."""

import torch

from attnbench.cost.energy import joules_per_call
from attnbench.cost.memory import peak_mib
from attnbench.cost.step_memory import Step, step_memory
from attnbench.cost.timing import time_call
from attnbench.record import StepCost
from attnbench.tasks.batches import Batch


def measure_step(step: Step, batch: Batch, device: torch.device, *, repetitions: int) -> StepCost:
    """Measures time, memory and energy of `step` on `batch`. The caller ensures that the machine has no other work."""
    timing = time_call(lambda: step(batch), device, repetitions=repetitions)
    memory = step_memory(step, batch, device)
    return StepCost(
        step_ms=timing.median,
        step_ms_q1=timing.q1,
        step_ms_q3=timing.q3,
        repetitions=timing.repetitions,
        batch_size=len(batch.rows),
        source_length=batch.source.shape[1],
        target_length=batch.expected.shape[1],
        tokens_per_s=batch.target_tokens * 1000 / timing.median,
        peak_mib=peak_mib(lambda: step(batch), device),
        memory=memory,
        joules=joules_per_call(lambda: step(batch), device),
    )
