"""Minutes to validation BLEU 30 on Multi30k, beside JoeyNMT 2.3: python benchmarks/bleu30.py

English to German, tokenised and lower-cased, greedy, 64 sentences a batch, all cores. Both are GRUs of width 256 that
feed the attentional vector to the next step. Ours has scaled dot products and a learning rate of 2e-3, JoeyNMT's has
additive attention and 1e-3: with 2e-3, it had BLEU 3.8 after three epochs. There is a validation after each epoch. One
runs after another. The time counts from the first update, with the validations.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator

from joeynmt import environment
from multi30k import COMMON, HERE, PAIRS, TRAINING
from turns import Contender

GOAL = 30.0
UPDATES_PER_EPOCH = 454
EPOCHS = 8  # at most
SETTINGS = {"learning_rate": 2e-3, "epochs": EPOCHS, "validate_every": UPDATES_PER_EPOCH}  # ours
POLL_S = 0.5


def joeynmt() -> Iterator[tuple[float, float]]:
    """The minutes and BLEU of each validation of JoeyNMT."""
    often = {"validation_freq": UPDATES_PER_EPOCH, "logging_freq": UPDATES_PER_EPOCH, "early_stopping_metric": "bleu"}
    often |= {"epochs": EPOCHS}
    _, model = PAIRS["GRU 256, Bahdanau, additive"]
    config = environment.configuration("bleu30", model, TRAINING | often)
    validations = environment.FOLDER / "bleu30" / "validations.txt"
    validations.unlink(missing_ok=True)
    command = [str(environment.python()), str(HERE / "joeynmt" / "contender.py"), str(config)]
    with Contender(command, os.environ) as contender:
        begun, seen = time.perf_counter(), 0
        contender.ask(10**9)
        while contender.process.poll() is None:
            time.sleep(POLL_S)
            lines = validations.read_text().splitlines() if validations.exists() else []
            for line in lines[seen:]:
                yield (time.perf_counter() - begun) / 60, float(line.partition("bleu: ")[2].split()[0])
            seen = len(lines)


def ours(precision: str) -> Iterator[tuple[float, float]]:
    """The minutes and BLEU of each of our validations."""
    model = ("decoder=luong", "decoder.input_feeding=true", "score=scaled_dot", f"precision={precision}")
    budget = [f"training.{key}={value}" for key, value in SETTINGS.items()]
    command = [sys.executable, str(HERE / "own_validations.py"), *COMMON, *model, *budget]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            minutes, bleu = line.split()
            yield float(minutes), float(bleu)
        process.kill()


def main() -> None:
    reached: dict[str, float] = {}
    for name, validations in {"ours, bf16": ours("bf16"), "JoeyNMT": joeynmt()}.items():
        for minutes, bleu in validations:
            print(f"{name:<12} {minutes:6.1f} min   BLEU {bleu:5.1f}", flush=True)
            if bleu >= GOAL:
                reached[name] = minutes
                break
        validations.close()  # pyright: ignore[reportAttributeAccessIssue] - a generator; it ends its process
    for name, minutes in reached.items():
        share = f", {minutes / reached['JoeyNMT']:.2f} of JoeyNMT's" if "JoeyNMT" in reached else ""
        print(f"{name}: {minutes:.1f} min to BLEU {GOAL:.0f}{share}")


if __name__ == "__main__":
    main()
