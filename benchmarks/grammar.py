"""Training speed of the whole machine on the default task: python benchmarks/grammar.py [ROUNDS]

The default job, once in the textbook forms with all threads of one process, and once compiled with a process for each
core and one thread each, as a sweep runs it. They take turns.
"""

import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import joblib
from tqdm import tqdm
from turns import HEAD, Contender, Trains, Turn, in_turns, row

UPDATES = 100  # a turn
SCRIPT = str(Path(__file__).parent / "own_contender.py")
CORES = joblib.cpu_count(only_physical_cores=True)


class Together:
    """Contenders whose turns are at the same time."""

    def __init__(self, contenders: Sequence[Contender]) -> None:
        self.contenders = contenders

    def train(self, updates: int) -> Turn:
        for contender in self.contenders:
            contender.ask(updates)
        turns = [contender.answer() for contender in self.contenders]
        return Turn(sum(turn.tokens for turn in turns), max(turn.seconds for turn in turns))


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    with ExitStack() as stack:

        def contender(threads: int, *arguments: str) -> Contender:
            environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
            return stack.enter_context(Contender([sys.executable, SCRIPT, *arguments], environment))

        contenders: dict[str, Trains] = {
            f"textbook, 1 process with {CORES} threads": contender(CORES, "--textbook"),
            f"compiled, 1 process with {CORES} threads": contender(CORES),
            f"compiled, {CORES} processes with 1 thread": Together([contender(1) for _ in range(CORES)]),
        }
        with tqdm(total=(rounds + 1) * len(contenders), unit="turn", leave=False) as bar:
            turns = in_turns(contenders, rounds=rounds, updates=UPDATES, seen=bar.update)
    print(HEAD)
    for name, found in turns.items():
        print(row(name, found, next(iter(turns.values()))))


if __name__ == "__main__":
    main()
