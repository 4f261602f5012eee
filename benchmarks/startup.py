"""Seconds to a first look: python benchmarks/startup.py [REPETITIONS]"""

import subprocess
import sys
import time
from statistics import median

COMMANDS = (["--help"], ["train", "--cfg", "job"])


def seconds(arguments: list[str]) -> float:
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-m", "attnbench", *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


if __name__ == "__main__":
    repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    rounds = [[seconds(arguments) for arguments in COMMANDS] for _ in range(repetitions + 1)][1:]
    for arguments, found in zip(COMMANDS, zip(*rounds, strict=True), strict=True):
        print(f"python -m attnbench {' '.join(arguments):<16} {median(found):.2f} s")
