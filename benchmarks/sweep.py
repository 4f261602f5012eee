"""The default sweep, quiet and beside a busy process on each core: python benchmarks/sweep.py [OVERRIDES...]

Prints the seconds of each, their ratio, and the share of all seconds that was neither training nor evaluation.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BUSY = "while True: pass"


@contextmanager
def busy(processes: int) -> Iterator[None]:
    """In this context, other processes compute without end."""
    others = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(processes)]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


def sweep(folder: Path, overrides: list[str]) -> tuple[float, float]:
    """Runs a sweep in an empty folder. Returns its seconds, and the share that is neither training nor evaluation."""
    begun = time.perf_counter()
    command = [sys.executable, "-m", "attnbench", "sweep", *overrides]
    printed = subprocess.run(command, cwd=folder, check=True, stdout=subprocess.PIPE, text=True).stdout
    seconds = time.perf_counter() - begun
    [line] = re.findall(r"^seconds of all jobs: .*$", printed, re.MULTILINE)
    print(line)
    training, evaluation, measuring, other = (int(number) for number in re.findall(r"\d+", line))
    return seconds, (measuring + other) / (training + evaluation + measuring + other)


def main() -> None:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    found: dict[str, float] = {}
    for name, others in {"quiet": 0, f"beside {cores} busy processes": cores}.items():
        with tempfile.TemporaryDirectory() as folder, busy(others):
            found[name], share = sweep(Path(folder), sys.argv[1:])
        print(f"{name}: {found[name]:.0f} s with report; {share:.0%} of its seconds is neither training nor evaluation")
    quiet, beside = found.values()
    print(f"ratio: {beside / quiet:.2f}")


if __name__ == "__main__":
    main()
