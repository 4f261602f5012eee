"""A clock that moves only when a test task moves it."""

from collections.abc import Callable


class Clock:
    """The time and the log of the test tasks. Each task writes its name into `log`, and moves the clock."""

    def __init__(self) -> None:
        self.now_ms, self.log = 0.0, list[str]()

    def take(self, name: str, ms: float) -> None:
        self.log.append(name)
        self.now_ms += ms

    def task(self, name: str, durations: list[float]) -> Callable[[], None]:
        """Makes a task. Its calls take the given milliseconds in order. All further calls take the last value."""
        return lambda: self.take(name, durations.pop(0) if len(durations) > 1 else durations[0])
