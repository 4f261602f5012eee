"""The data of the attention viewer."""

import base64
import json
import zlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from attnbench.record import Alignment, Record
from attnbench.report.pages.viewer import LIMIT, ViewedRun, explorable, packed, viewer
from attnbench.report.study.study import study
from tests.report import records

HALF = 0.5 / 255  # how far a byte may be from its weight
CHINESE = Alignment(
    ["我", "喜欢", "🐈"], ["I", "like", "cats"], [], [[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]], []
)


def _jobs() -> list[Record]:
    """Two mechanisms with attention, in two conditions, one of them at two seeds and in two layers; and one without."""
    jobs = [records.no_attention(length) for length in (16, 48)]
    jobs += [records.attention("additive", length=length) for length in (16, 48)]
    deep = [records.attention("dot", heads=4, length=length, seed=seed) for length in (16, 48) for seed in (1, 2)]
    for job in deep:
        (heads,) = job.alignments[0].weights
        layers = [heads, [list(reversed(head)) for head in heads]]
        jobs.append(replace(job, alignments=[replace(job.alignments[0], weights=layers), CHINESE]))
    return jobs


JOBS = _jobs()


def _packed(runs: Sequence[ViewedRun], limit: int = LIMIT) -> dict[str, Any]:
    data = packed(runs, limit)
    assert data
    return data


def _unpacked(data: dict[str, Any]) -> bytes:
    return zlib.decompress(base64.b64decode(data["weights"]))


def _fake(mechanism: str, seed: int, alignments: list[Alignment]) -> ViewedRun:
    return ViewedRun(mechanism, "", str(seed), len(alignments), lambda: alignments)


def _realistic(chance: np.random.Generator, layers: int = 2, heads: int = 4, length: int = 20) -> Alignment:
    """Soft weights around a diagonal."""
    distance = np.abs(np.subtract.outer(np.arange(length), np.arange(length)))
    logits = chance.normal(0, 1.5, (layers * heads + 1, length, length)) - chance.uniform(0.1, 2, (9, 1, 1)) * distance
    weights = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    tokens = [f"token{index}" for index in range(length)]
    explicit = weights[:-1].reshape(layers, heads, length, length)
    return Alignment(tokens, tokens, explicit.tolist(), weights[-1].tolist(), [])


def test_what_is_unpacked_is_what_was_recorded() -> None:
    data = _packed(explorable(study(JOBS)))
    weights, begin = np.frombuffer(_unpacked(data), dtype=np.uint8) / 255, 0
    by_seed = {(job.factors.get("score"), job.factors["length"], job.seed): job for job in JOBS}
    assert len(data["runs"]) == len(JOBS)
    for run in data["runs"]:
        score = next((name for name in ("dot", "additive") if name in run["mechanism"]), None)
        record = by_seed[score, int(run["condition"].removeprefix("length ")), int(run["seed"])]
        for (index, layers, heads, _), each in zip(run["shown"], record.alignments, strict=True):
            assert data["sentences"][index] == json.loads(
                json.dumps({"source": each.source, "target": each.target, "gold": each.gold})
            )
            for recorded, shape in ((each.weights, (layers, heads)), (each.implicit, ())):
                wanted = np.array(recorded).reshape(*shape, len(each.target), len(each.source))
                found = weights[begin : begin + wanted.size].reshape(wanted.shape)
                np.testing.assert_allclose(found, wanted, atol=HALF)
                begin += wanted.size
    assert begin == len(weights)
    assert data["left_out"] == ""


def test_a_sentence_is_told_once() -> None:
    data = _packed(explorable(study(JOBS)))
    assert len(data["sentences"]) == 2


def test_equal_runs_are_told_apart() -> None:
    seeds = [run.seed for run in explorable(study([records.attention(), records.attention()]))]
    assert seeds == ["1", "1, run 2"]


def test_without_alignments_or_room_there_is_no_viewer() -> None:
    assert packed(explorable(study(JOBS)), limit=1000) is None
    assert viewer(study([records.cost_only(records.attention())])) is None
    assert viewer(study([records.pooling()])) is None


def test_200_runs_fit_whole() -> None:
    chance = np.random.default_rng(1)
    many = [_fake(f"m{index}", 1, [_realistic(chance) for _ in range(3)]) for index in range(200)]
    data = _packed(many)
    assert len(data["runs"]) == 200
    assert data["left_out"] == ""
    assert len(json.dumps(data)) < LIMIT


def test_what_does_not_fit_is_left_out_fairly_and_said() -> None:
    chance = np.random.default_rng(1)
    many = [
        _fake(f"m{index}", seed, [_realistic(chance) for _ in range(3)]) for index in range(4) for seed in (1, 2, 3)
    ]
    whole = len(json.dumps(_packed(many)))

    def choice(share: float) -> tuple[list[tuple[str, str]], set[int], str]:
        data = _packed(many, int(share * whole))
        assert len(json.dumps(data)) <= share * whole
        names = [(run["mechanism"], run["seed"]) for run in data["runs"]]
        return names, {len(run["shown"]) for run in data["runs"]}, data["left_out"]

    firsts = [(f"m{index}", "1") for index in range(4)]
    first_seed = "4 of 12 runs, the first seed of a mechanism in a condition"
    assert choice(0.9) == (firsts, {3}, f"So that the page stays small, it has {first_seed}.")
    assert choice(0.3)[:2] == (firsts, {2})
    assert choice(0.3)[2].endswith(f"{first_seed} and the first 2 sentences of each.")
    assert choice(0.15) == (firsts, {1}, choice(0.15)[2])
    assert choice(0.07)[0] == firsts[::2]
