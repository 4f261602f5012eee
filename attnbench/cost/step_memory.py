"""The memory of a training step, split by what holds it.

The profiler reports each allocation and release, within its operation. An allocation within an attention layer, or
within the backward pass of an operation that ran there, belongs to the attention until it is released.
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
BACKWARD = "autograd::engine::evaluate_function"  # start of the name of each operation of a backward pass
ENTRIES = ("memory_of_states", "extend", "forward")  # the methods of the layer in which attention computes


class Step(Protocol):
    """One training step: forward, backward, update by the `optimizer` of the `model`."""

    @property
    def model(self) -> nn.Module: ...

    @property
    def optimizer(self) -> torch.optim.Optimizer: ...

    def __call__(self, batch: Batch, /) -> object: ...


class _Span(NamedTuple):
    """A piece of memory, from one event to another."""

    born: int
    died: float
    pointer: int
    size: int
    attention: bool


def step_memory(step: Step, batch: Batch, device: torch.device) -> StepMemory:
    """Runs a step that has run before, and splits its memory."""
    process = process_mib()  # first, because the events of the profiler take memory too
    gradients: dict[int, int] = {}

    def before_update(*_: Any) -> None:
        storages = [p.grad.untyped_storage() for p in step.model.parameters() if p.grad is not None]
        gradients.update({storage.data_ptr(): storage.nbytes() for storage in storages})
        with record_function(UPDATE):
            pass

    hook = step.optimizer.register_step_pre_hook(before_update)
    # The handle of a hook is a context that removes the hook.
    with hook, _marked(step.model), profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        step(batch)
    assert profiler.profiler is not None and profiler.profiler.kineto_results is not None
    events = list(_events(profiler.profiler.kineto_results.experimental_event_tree()))
    update = next(time for time, (event, _) in enumerate(events) if event.name == UPDATE)
    spans = _spans(events, device)
    others = [span for span in spans if not (span.pointer in gradients and span.born < update < span.died)]
    states = [state for states in step.optimizer.state.values() for state in states.values()]
    return StepMemory(
        parameters_mib=sum(parameter.nbytes for parameter in step.model.parameters()) / MIB,
        gradients_mib=sum(gradients.values()) / MIB,
        optimiser_mib=sum(state.nbytes for state in states if isinstance(state, Tensor)) / MIB,
        activations_mib=_most_held(others, update) / MIB,
        attention_mib=_most_held([span for span in others if span.attention], update) / MIB,
        process_mib=process,
    )


def process_mib() -> float | None:
    """The most memory that the process has held so far, in MiB; None if the system does not report it."""
    try:
        import resource
    except ImportError:
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / MIB


@contextmanager
def _marked(model: nn.Module) -> Iterator[None]:
    """A context in which the profiler sees when the attention of the model computes."""
    layers = [layer for layer in model.modules() if isinstance(layer, Attention)]
    for layer in layers:
        for entry in ENTRIES:
            setattr(layer, entry, _named(getattr(layer, entry)))
    try:
        yield
    finally:
        for layer in layers:
            for entry in ENTRIES:
                delattr(layer, entry)  # the method of the class is visible again


def _named(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def named(*arguments: Any, **options: Any) -> Any:
        with record_function(ATTENTION):
            return method(*arguments, **options)

    return named


def _events(tree: Sequence[Any]) -> Iterator[tuple[Any, bool]]:
    """The events of the profiler in the order of time, and whether each belongs to the attention."""
    found: list[tuple[Any, bool]] = []
    owned: set[int] = set()  # sequence numbers of operations in the attention, by which their backward pass is found

    def walk(events: Sequence[Any], attention: bool, backward: bool) -> None:
        for event in events:
            number = getattr(event.extra_fields, "sequence_number", -1)
            back = event.name.startswith(BACKWARD)
            within = attention or event.name == ATTENTION or (back and number in owned)
            if number >= 0 and not backward and not back:
                # An operation without a gradient has the number of the next one: the last operation with a number is
                # the right one.
                (owned.add if within else owned.discard)(number)
            found.append((event, within))
            walk(event.children, within, backward or back)

    walk(sorted(tree, key=lambda event: event.start_time_ns), False, False)
    yield from sorted(found, key=lambda pair: pair[0].start_time_ns)


def _spans(events: Sequence[tuple[Any, bool]], device: torch.device) -> Iterator[_Span]:
    """What was allocated on the device while the events were recorded."""
    held: dict[int, tuple[int, int, bool]] = {}
    for time, (event, attention) in enumerate(events):
        fields = event.extra_fields
        if event.name != "[memory]" or fields.device.type != device.type:
            continue
        if fields.alloc_size > 0:
            held[fields.ptr] = time, fields.alloc_size, attention
        elif fields.ptr in held:
            born, size, owner = held.pop(fields.ptr)
            yield _Span(born, time, fields.ptr, size, owner)
    for pointer, (born, size, owner) in held.items():
        yield _Span(born, math.inf, pointer, size, owner)


def _most_held(spans: Sequence[_Span], end: int) -> int:
    """The most bytes at one time, before the event `end`."""
    changes = [(span.born, span.size) for span in spans] + [(span.died, -span.size) for span in spans]
    held = most = 0
    for time, change in sorted(changes):
        if time < end:
            held += change
            most = max(most, held)
    return most
