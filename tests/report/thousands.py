"""Writes thousands of records, as large as real ones, to measure time and memory of the report.

python tests/report/thousands.py /tmp/runs/wide 400 5 5         # mechanisms, conditions, seeds
/usr/bin/time -v python -m attnbench report runs=/tmp/runs/wide
"""

import random
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice, product
from pathlib import Path

import numpy as np
from sacrebleu.metrics.bleu import BLEU

from attnbench import record
from attnbench.record import Factor, Quality, Record
from tests.report import records

# The last varies fastest: 40 mechanisms differ in score, scope and selection, 80 in the number of heads, 2,000 in all.
LEVELS: dict[str, tuple[Factor, ...]] = {
    "training.dropout": (0.0, 0.1, 0.2, 0.3, 0.4),
    "key_value.size": (16, 32, 64, 128, 256),
    "heads": (4, 1),
    "selection": ("soft", "gumbel"),
    "scope": ("global", "local_m"),
    "score": (
        "dot",
        "scaled_dot",
        "cosine",
        "general",
        "location",
        "gaussian",
        "average",
        "additive",
        "concat",
        "bilinear",
    ),
}
Weights = list[list[list[list[float]]]]
LENGTHS = range(16, 64, 8)  # one for each condition
SENTENCES = 500
LAYERS, ALIGNMENTS = 2, 3


def mechanisms() -> Iterator[dict[str, Factor]]:
    """Factors of one mechanism after another."""
    for values in product(*LEVELS.values()):
        named = dict(zip(LEVELS, values, strict=True))
        yield records.attention().factors | dict(reversed(named.items()))


def jobs(mechanisms_: int, conditions: int, seeds: int) -> Iterator[Record]:
    """Records of several seeds of several mechanisms in several conditions."""
    for factors, length in product(islice(mechanisms(), mechanisms_), LENGTHS[:conditions]):
        first = _enlarged(records.job(factors | {"length": length}))
        for seed in range(1, seeds + 1):
            yield _another(first, seed)


def _enlarged(one: Record) -> Record:
    """With as many sentences as a test set has, and the alignments of a model with several layers."""
    assert one.quality is not None
    assert one.beyond is not None
    assert one.alignment is not None
    times, links = SENTENCES // one.quality.sentences + 1, SENTENCES // one.alignment.sentences + 1
    grown = [
        replace(
            quality,
            sentences=SENTENCES,
            source_lengths=(quality.source_lengths * times)[:SENTENCES],
            bleu_statistics=(quality.bleu_statistics * times)[:SENTENCES],
        )
        for quality in (one.quality, one.beyond)
    ]
    alignment = replace(
        one.alignment,
        sentences=SENTENCES,
        links=(one.alignment.links * links)[:SENTENCES],
        implicit_links=(one.alignment.implicit_links * links)[:SENTENCES],
    )
    example = replace(one.alignments[0], weights=one.alignments[0].weights * LAYERS)
    return replace(one, quality=grown[0], beyond=grown[1], alignment=alignment, alignments=[example] * ALIGNMENTS)


def _another(one: Record, seed: int) -> Record:
    """The same job with another seed: its sentences get random translations of the first job."""
    chance = random.Random(f"{one.key} {seed}")
    assert one.quality is not None
    rows = _redrawn(one.quality, chance)
    sums = rows.sum(0).tolist()
    score = BLEU.compute_bleu(sums[2:6], sums[6:], sums[0], sums[1]).score
    quality = replace(one.quality, bleu=score, bleu_statistics=rows.tolist())
    alignments = [replace(each, weights=_looked(each.weights, chance)) for each in one.alignments]
    return replace(one, key=f"{chance.getrandbits(64):016x}", seed=seed, quality=quality, alignments=alignments)


def _looked(weights: Weights, chance: random.Random) -> Weights:
    """Weights of another model that looks at about the same places."""
    noise = np.random.default_rng(chance.getrandbits(32)).gamma(2.0, size=np.shape(weights))
    other = (np.array(weights) + 0.01) * noise
    return (other / other.sum(-1, keepdims=True)).round(4).tolist()


def _redrawn(quality: Quality, chance: random.Random) -> np.ndarray:
    """Each sentence with the statistics of a sentence of the same length."""
    rows = np.array(quality.bleu_statistics)
    by_length = {
        length: np.flatnonzero(np.array(quality.source_lengths) == length) for length in set(quality.source_lengths)
    }
    return rows[[chance.choice(by_length[length]) for length in quality.source_lengths]]


if __name__ == "__main__":
    folder, counts = Path(sys.argv[1]), map(int, sys.argv[2:])
    for number, each in enumerate(jobs(*counts)):
        path = folder / f"{number:05}" / record.NAME
        path.parent.mkdir(parents=True)
        record.write(each, path)
