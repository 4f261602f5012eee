"""A clock that moves only when a task says so."""

from collections.abc import Callable


class Clock:
    """Tasks write their names into `log`, and move the clock."""

    def __init__(self) -> None:
        self.now_ms, self.log = 0.0, list[str]()

    def take(self, name: str, ms: float) -> None:
        self.log.append(name)
        self.now_ms += ms

    def task(self, name: str, durations: list[float]) -> Callable[[], None]:
        """Takes the given milliseconds in turn, then always the last."""
        return lambda: self.take(name, durations.pop(0) if len(durations) > 1 else durations[0])
