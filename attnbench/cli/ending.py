"""A process that is asked to end by SIGTERM or SIGHUP ends as after an exception: nothing is left half done."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

NAMES = ("SIGTERM", "SIGHUP")  # Windows has no SIGHUP
SIGNALS = [signal.Signals[name] for name in NAMES if name in signal.Signals.__members__]


class EndedError(SystemExit):
    """The process was asked to end. The exit status is that of a shell: 128 and the number of the signal."""

    def __init__(self, number: int) -> None:
        super().__init__(128 + number)
        self.number = number


@contextmanager
def heard() -> Iterator[None]:
    """In this context, the signals raise `EndedError`, where they would kill the process at once.

    A signal that is ignored (as by nohup) or that has a handler (as under a launcher) is left as it is.
    """
    main = threading.current_thread() is threading.main_thread()
    deadly = [number for number in SIGNALS if main and signal.getsignal(number) is signal.SIG_DFL]
    for number in deadly:
        signal.signal(number, _end)
    try:
        yield
    finally:
        for number in deadly:
            signal.signal(number, signal.SIG_DFL)


def _end(number: int, frame: FrameType | None) -> None:
    raise EndedError(number)
