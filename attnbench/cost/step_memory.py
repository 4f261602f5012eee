"""The memory of a training step, split into parameters, gradients, optimiser state, activations and attention.

The profiler reports each allocation and release, and the operation that made it. An allocation belongs to the attention
if an operation of an attention layer made it, or the backward pass of such an operation. It belongs to the attention
until it is released.
"""

import functools
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile, record_function

from attnbench.attention import Attention
from attnbench.cost.memory import MIB
from attnbench.record import StepMemory
from attnbench.tasks.batches import Batch

ATTENTION, UPDATE = "attnbench::attention", "attnbench::update"
BACKWARD = "autograd::engine::evaluate_function"  # the name of each operation of a backward pass starts with this
COMPUTING_METHODS = ("memory_of_states", "extend", "forward")  # of an attention layer


class Step(Protocol):
    """One training step: forward, backward, and the update of the `model` by the `optimizer`."""

    @property
    def model(self) -> nn.Module: ...

    @property
    def optimizer(self) -> torch.optim.Optimizer: ...

    def __call__(self, batch: Batch, /) -> object: ...


class _Block(NamedTuple):
    """A block of memory, from the event `allocated` to the event `released`. `attention`: whether attention owns it."""

    allocated: int
    released: float
    pointer: int
    size: int
    attention: bool


def step_memory(step: Step, batch: Batch, device: torch.device) -> StepMemory:
    """Runs a training step, and splits its memory. The step must have run before."""
    process = process_mib()  # read first, because the events of the profiler also take memory
    gradients: dict[int, int] = {}

    def before_update(*_: Any) -> None:
        storages = [p.grad.untyped_storage() for p in step.model.parameters() if p.grad is not None]
        gradients.update({storage.data_ptr(): storage.nbytes() for storage in storages})
        with record_function(UPDATE):
            pass

    hook = step.optimizer.register_step_pre_hook(before_update)
    # The handle of a hook is a context manager. It removes the hook at the end.
    with hook, _marked(step.model), profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        step(batch)
    assert profiler.profiler is not None and profiler.profiler.kineto_results is not None
    events = list(_events(profiler.profiler.kineto_results.experimental_event_tree()))
    update = next(index for index, (event, _) in enumerate(events) if event.name == UPDATE)
    blocks = _blocks(events, device)
    others = [
        block for block in blocks if not (block.pointer in gradients and block.allocated < update < block.released)
    ]
    optimizer_states = [value for state in step.optimizer.state.values() for value in state.values()]
    return StepMemory(
        parameters_mib=sum(parameter.nbytes for parameter in step.model.parameters()) / MIB,
        gradients_mib=sum(gradients.values()) / MIB,
        optimiser_mib=sum(value.nbytes for value in optimizer_states if isinstance(value, Tensor)) / MIB,
        activations_mib=_peak_bytes(others, update) / MIB,
        attention_mib=_peak_bytes([block for block in others if block.attention], update) / MIB,
        process_mib=process,
    )


def process_mib() -> float | None:
    """Returns the peak memory of the process so far, in MiB; None if the system does not report it."""
    try:
        import resource
    except ImportError:
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / MIB


@contextmanager
def _marked(model: nn.Module) -> Iterator[None]:
    """In this context, the profiler records when the attention layers of the model compute."""
    layers = [layer for layer in model.modules() if isinstance(layer, Attention)]
    for layer in layers:
        for name in COMPUTING_METHODS:
            setattr(layer, name, _recorded(getattr(layer, name)))
    try:
        yield
    finally:
        for layer in layers:
            for name in COMPUTING_METHODS:
                delattr(layer, name)  # makes the method of the class visible again


def _recorded(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def recorded(*arguments: Any, **options: Any) -> Any:
        with record_function(ATTENTION):
            return method(*arguments, **options)

    return recorded


def _events(tree: Sequence[Any]) -> Iterator[tuple[Any, bool]]:
    """Yields the events of the profiler in order of time, each with a flag: whether it belongs to the attention."""
    flagged: list[tuple[Any, bool]] = []
    # The sequence numbers of the operations in the attention. Their backward pass has the same numbers.
    owned: set[int] = set()

    def walk(events: Sequence[Any], attention: bool, backward: bool) -> None:
        for event in events:
            number = getattr(event.extra_fields, "sequence_number", -1)
            back = event.name.startswith(BACKWARD)
            within = attention or event.name == ATTENTION or (back and number in owned)
            if number >= 0 and not backward and not back:
                # An operation without a gradient has the same number as the next operation. Therefore, the last
                # operation with a number decides.
                (owned.add if within else owned.discard)(number)
            flagged.append((event, within))
            walk(event.children, within, backward or back)

    walk(sorted(tree, key=lambda event: event.start_time_ns), False, False)
    yield from sorted(flagged, key=lambda pair: pair[0].start_time_ns)


def _blocks(events: Sequence[tuple[Any, bool]], device: torch.device) -> Iterator[_Block]:
    """Yields the blocks of memory that the events allocated on the device."""
    held: dict[int, tuple[int, int, bool]] = {}
    for index, (event, attention) in enumerate(events):
        fields = event.extra_fields
        if event.name != "[memory]" or fields.device.type != device.type:
            continue
        if fields.alloc_size > 0:
            held[fields.ptr] = index, fields.alloc_size, attention
        elif fields.ptr in held:
            allocated, size, owned = held.pop(fields.ptr)
            yield _Block(allocated, index, fields.ptr, size, owned)
    for pointer, (allocated, size, owned) in held.items():
        yield _Block(allocated, math.inf, pointer, size, owned)


def _peak_bytes(blocks: Sequence[_Block], end: int) -> int:
    """Returns the peak of the bytes that are held at one time, before the event `end`."""
    changes = [(block.allocated, block.size) for block in blocks] + [(block.released, -block.size) for block in blocks]
    held = peak = 0
    for index, change in sorted(changes):
        if index < end:
            held += change
            peak = max(peak, held)
    return peak
