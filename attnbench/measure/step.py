"""What one training step costs."""

from collections.abc import Callable

import torch

from attnbench.measure.memory import peak_mib
from attnbench.measure.timing import time_call
from attnbench.record import StepCost
from attnbench.tasks.batches import Batch


def measure_step(step: Callable[[Batch], object], batch: Batch, device: torch.device, *, repetitions: int) -> StepCost:
    """Time and peak memory of `step` on `batch`, on the machine as it is: whoever calls sees that it is quiet."""
    timing = time_call(lambda: step(batch), device, repetitions=repetitions)
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
    )
