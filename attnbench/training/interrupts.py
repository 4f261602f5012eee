"""Signals that end a process wait until the update of a training is complete."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

NAMES = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows has no SIGHUP
ENDING = [signal.Signals[name] for name in NAMES if name in signal.Signals.__members__]


@contextmanager
def deferred() -> Iterator[None]:
    """In this context, signals that end the process do nothing. Their handlers are called when it is left.

    Only handlers of Python wait: the system's own, which kill the process, do not. In a thread that is not the main
    one, nothing waits, as Python calls no handlers there.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[tuple[int, FrameType | None]] = []
    handlers = {number: signal.getsignal(number) for number in ENDING}
    waiting = {number: handler for number, handler in handlers.items() if callable(handler)}
    for number in waiting:
        signal.signal(number, lambda number, frame: came.append((number, frame)))
    try:
        yield
    finally:
        for number, handler in waiting.items():
            signal.signal(number, handler)
    for number, frame in came:
        waiting[signal.Signals(number)](number, frame)
