"""Training speed on Multi30k, beside JoeyNMT 2.3: python benchmarks/multi30k.py [ROUNDS]

English to German, tokenised and lower-cased, words seen at least twice, 64 sentences a batch, all cores. Each of our
models stands beside the model of JoeyNMT that is most alike. They take turns, so that all meet the same machine.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from joeynmt import environment
from tqdm import tqdm
from turns import HEAD, Contender, in_turns, row

UPDATES = 20  # a turn
HERE = Path(__file__).parent
COMMON = ("task=multi30k", "task.pair=en-de", "task.version=tok", "task.lowercase=true")
GRU = {"type": "recurrent", "rnn_type": "gru", "hidden_size": 256, "dropout": 0.3, "embeddings": {"embedding_dim": 256}}
TRANSFORMER = {
    "type": "transformer",
    "num_layers": 3,
    "num_heads": 8,
    "hidden_size": 256,
    "ff_size": 512,
    "dropout": 0.3,
    "embeddings": {"embedding_dim": 256},
}


def recurrent(attention: str) -> dict[str, Any]:
    """JoeyNMT's recurrent model."""
    decoder = {**GRU, "attention": attention, "input_feeding": True, "init_hidden": "bridge", "hidden_dropout": 0.3}
    return {"encoder": {**GRU, "bidirectional": True, "num_layers": 1}, "decoder": {**decoder, "num_layers": 1}}


TRAINING = {
    "optimizer": "adamw",
    "learning_rate": 1e-3,
    "scheduling": "plateau",
    "clip_grad_norm": 1.0,
    "label_smoothing": 0.1,
    "epochs": 1000,
    "validation_freq": 10**9,
    "logging_freq": 1000,
}
# Ours, and JoeyNMT's model beside it.
PAIRS: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "GRU 256, Bahdanau, additive": (("decoder=bahdanau", "score=additive"), recurrent("bahdanau")),
    "GRU 256, Luong, dot": (("decoder=luong", "score=dot"), recurrent("luong")),
    "Transformer 3+3 x 256": (
        ("model=transformer", "heads=8", "model.expansion=2", "model.encoder_layers=3", "model.decoder_layers=3"),
        {"encoder": TRANSFORMER, "decoder": TRANSFORMER},
    ),
}


def contenders(name: str) -> Iterator[tuple[str, list[str]]]:
    """Names and commands: JoeyNMT's model, then ours in each precision."""
    overrides, model = PAIRS[name]
    config = environment.configuration(name.replace(" ", "-").replace(",", ""), model, TRAINING)
    yield f"{name}: JoeyNMT", [str(environment.python()), str(HERE / "joeynmt" / "contender.py"), str(config)]
    for precision in ("fp32", "bf16"):
        arguments = [*COMMON, *overrides, f"precision={precision}"]
        yield f"{name}: ours, {precision}", [sys.executable, str(HERE / "own_contender.py"), *arguments]


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    print(HEAD)
    for name in PAIRS:
        with ExitStack() as stack:
            players = {
                title: stack.enter_context(Contender(command, os.environ)) for title, command in contenders(name)
            }
            with tqdm(total=(rounds + 1) * len(players), unit="turn", desc=name, leave=False) as bar:
                turns = in_turns(players, rounds=rounds, updates=UPDATES, seen=bar.update)
        baseline = turns[f"{name}: JoeyNMT"]
        for title, found in turns.items():
            print(row(title, found, baseline), flush=True)


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        raise SystemExit(f"{error}") from None
