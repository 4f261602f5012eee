"""The data of the attention viewer: the weights of each run for each sentence, packed so that they fit into one page.

A weight is a byte, where 255 is a weight of 1. All bytes are deflated and encoded in base64. In the order of the runs
and of their sentences, they are the attention `[layer][head][target][source]` and then the implicit attention
`[target][source]`.
"""

import base64
import json
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from attnbench.record import Alignment
from attnbench.report.document import Viewer
from attnbench.report.study.naming import natural_key
from attnbench.report.study.study import Study

FEW = 20  # runs from which the size of all is estimated
LIMIT = 2_000_000  # bytes of the data as JSON; the figures need the rest of a page of 5 MB
CAPTION = (
    "The weights of one run, or of two, in a test sentence while the model reads the reference. Attention is what the "
    "model computed, or the mean of its layers and heads. Implicit attention, which a model without attention has too, "
    "is how much each source token influences the log-probability of each target token, by the norm of the gradient, "
    "as a share of the row's sum. Below is what each model itself makes of the source."
)


@dataclass(frozen=True)
class ViewedRun:
    """A run with alignments of `sentences` sentences. The alignments are large: they are read when they are packed."""

    mechanism: str
    condition: str
    seed: str  # as the reader sees it; it distinguishes runs of one mechanism
    sentences: int
    alignments: Callable[[], Sequence[Alignment]]


def viewer(study: Study, first: str = "", condition: str = "") -> Viewer | None:
    """All runs that have alignments, or an even choice of them if all would not fit; None if not even one would.

    The viewer starts with the mechanism `first` in a condition, if it has that.
    """
    data = packed(explorable(study))
    if data is None:
        return None
    return Viewer("attention-viewer", CAPTION, data | {"start": {"mechanism": first, "condition": condition}})


def explorable(study: Study) -> list[ViewedRun]:
    """The runs with alignments: by condition, by mechanism in the order of the legend, and by seed."""
    place = {name: index for index, name in enumerate(study.encoding.styles)}

    def order(job: int) -> tuple[Any, ...]:
        return natural_key(study.condition[job]), place[study.mechanism[job]], study.records[job].seed

    found, seen = [], Counter[tuple[str, str, int]]()
    for job in sorted(range(len(study.records)), key=order):
        sentences = len(study.sources(job))
        if sentences:
            name = study.mechanism[job], study.condition[job], study.records[job].seed
            seen[name] += 1
            seed = f"{name[2]}, run {seen[name]}" if seen[name] > 1 else f"{name[2]}"
            found.append(ViewedRun(*name[:2], seed, sentences, lambda job=job: study.alignments(job)))
    return found


def packed(runs: Sequence[ViewedRun], limit: int = LIMIT) -> dict[str, Any] | None:
    """The first choice of runs that fits into `limit` bytes of JSON. `left_out` says what it leaves out, if anything.

    None if not even one sentence fits, or if there is none.
    """
    for chosen, sentences in _choices(runs):
        # A few runs, spread evenly, may show that all would be far too large. Then not all need to be read.
        few, share = chosen[:: max(1, len(chosen) // FEW)][:FEW], FEW / max(FEW, len(chosen))
        data = _pack(few, sentences, round(2 * limit * share)) and _pack(chosen, sentences, limit)
        if data and data["runs"]:
            return data | {"left_out": _left_out(runs, chosen, sentences)}
    return None


def _choices(runs: Sequence[ViewedRun]) -> Iterator[tuple[Sequence[ViewedRun], int]]:
    """Runs, and how many sentences of each: first fewer seeds, then fewer sentences, and at last fewer mechanisms."""
    most = max((run.sentences for run in runs), default=0)
    yield runs, most
    firsts = list({(run.mechanism, run.condition): run for run in reversed(runs)}.values())[::-1]
    for sentences in range(most, 0, -1):
        yield firsts, sentences
    step = 2
    while step < 2 * len(firsts):
        yield firsts[::step], 1
        step *= 2


def _left_out(runs: Sequence[ViewedRun], chosen: Sequence[ViewedRun], sentences: int) -> str:
    """What the reader is told about the choice; "" if it is everything."""
    parts = []
    if len(chosen) < len(runs):
        parts.append(f"{len(chosen):,} of {len(runs):,} runs, the first seed of a mechanism in a condition")
    if sentences < max(run.sentences for run in runs):
        parts.append("the first sentence of each" if sentences == 1 else f"the first {sentences} sentences of each")
    return f"So that the page stays small, it has {' and '.join(parts)}." if parts else ""


def _pack(runs: Sequence[ViewedRun], sentences: int, limit: int) -> dict[str, Any] | None:
    """The data, or None as soon as it is certain not to fit."""
    texts: dict[str, int] = {}
    told, packer, weights = [], zlib.compressobj(), bytearray()
    for run in runs:
        shown = []
        for each in run.alignments()[:sentences]:
            text = json.dumps({"source": each.source, "target": each.target, "gold": each.gold})
            shape = (len(each.weights), len(each.weights[0])) if each.weights else (0, 0)
            shown.append([texts.setdefault(text, len(texts)), *shape, each.translation])
            weights += packer.compress(_as_bytes(each.weights) + _as_bytes(each.implicit))
        if shown:
            told.append({"mechanism": run.mechanism, "condition": run.condition, "seed": run.seed, "shown": shown})
        if len(weights) * 4 / 3 > limit:
            return None
    weights += packer.flush()
    data = {"sentences": [json.loads(text) for text in texts], "runs": told}
    data["weights"] = base64.b64encode(weights).decode()
    return data if len(json.dumps(data)) <= limit else None


def _as_bytes(weights: Any) -> bytes:
    return np.rint(255 * np.asarray(weights, dtype=np.float64)).clip(0, 255).astype(np.uint8).tobytes()
