"""A clock that only moves when a task takes its time."""

from collections.abc import Callable


class Clock:
    """Tasks write their names into `log` and wind the clock on."""

    def __init__(self) -> None:
        self.now_ms, self.log = 0.0, list[str]()

    def take(self, name: str, ms: float) -> None:
        self.log.append(name)
        self.now_ms += ms

    def task(self, name: str, durations: list[float]) -> Callable[[], None]:
        """Takes as many milliseconds as comes next, then the last of them for good."""
        return lambda: self.take(name, durations.pop(0) if len(durations) > 1 else durations[0])
