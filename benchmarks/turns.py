"""Contenders that train in turns. Each is a process that makes some updates when asked to, and sleeps otherwise."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Protocol, Self

CHANNEL = "turn: "  # begins each line that answers a request; contenders print other lines too


@dataclass(frozen=True)
class Turn:
    """Some updates in a row: the target tokens that were trained on, without padding, and the seconds they took."""

    tokens: int
    seconds: float

    @property
    def tokens_per_s(self) -> float:
        return self.tokens / self.seconds


class Player:
    """The contender's side. `between_updates` is called after each update; it waits while it is another's turn."""

    def __init__(self) -> None:
        self.left = self.tokens = 0
        self.started = 0.0

    def between_updates(self, tokens: int) -> float:
        """Counts an update of `tokens` target tokens. Returns the seconds that it waited for its next turn."""
        self.tokens += tokens
        self.left -= 1
        if self.left > 0:
            return 0.0
        ended = time.perf_counter()
        print(CHANNEL + json.dumps([self.tokens, ended - self.started]), flush=True)
        request = sys.stdin.readline()
        if not request.strip():
            raise SystemExit
        self.left, self.tokens = int(request), 0
        self.started = time.perf_counter()
        return self.started - ended


class Trains(Protocol):
    """A contender, or several together."""

    def train(self, updates: int) -> Turn: ...


class Contender:
    """A process with a `Player`. Its first update is not timed.

    Args:
        command: starts it.
        environment: of the process, beside that of this one.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self.command = list(command)
        self.process = subprocess.Popen(
            command,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def __enter__(self) -> Self:
        self.answer()
        return self

    def __exit__(self, *error: object) -> None:
        self.process.kill()
        self.process.wait()

    def train(self, updates: int) -> Turn:
        """Has the process make some updates."""
        self.ask(updates)
        return self.answer()

    def ask(self, updates: int) -> None:
        """Lets the process make some updates, and does not wait."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{updates}\n")
        self.process.stdin.flush()

    def answer(self) -> Turn:
        """Waits for the end of the updates that were asked for."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(CHANNEL):
                return Turn(*json.loads(line.removeprefix(CHANNEL)))
        raise SystemExit(f"a contender ended with status {self.process.wait()}: {' '.join(self.command)}")


def in_turns(
    contenders: Mapping[str, Trains], *, rounds: int, updates: int, seen: Callable[[], object]
) -> dict[str, list[Turn]]:
    """The turns of each contender: in each round, each makes `updates` updates, while the others sleep.

    A first round warms up and does not count.
    """
    turns: dict[str, list[Turn]] = {name: [] for name in contenders}
    for number in range(rounds + 1):
        for name, contender in contenders.items():
            turn = contender.train(updates)
            if number:
                turns[name].append(turn)
            seen()
    return turns


def ratios(turns: Sequence[Turn], baseline: Sequence[Turn]) -> list[float]:
    """The ratio of tokens a second to those of the baseline, in each round."""
    return [turn.tokens_per_s / base.tokens_per_s for turn, base in zip(turns, baseline, strict=True)]


def row(name: str, turns: Sequence[Turn], baseline: Sequence[Turn]) -> str:
    """A row of a table: the median of tokens a second; the median of the ratios, with the smallest and the largest."""
    found = sorted(ratios(turns, baseline))
    speed = median(turn.tokens_per_s for turn in turns)
    return f"{name:<44} {speed:>10,.0f} {median(found):>8.2f} {found[0]:>8.2f} {found[-1]:>8.2f}"


HEAD = f"{'contender':<44} {'tokens/s':>10} {'ratio':>8} {'least':>8} {'most':>8}"
