"""Plausible records that are made without training, for the tests of the report."""

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import product

from sacrebleu.metrics.bleu import BLEU

from attnbench.record import (
    VERSION,
    Alignment,
    AlignmentQuality,
    DevicePeak,
    Environment,
    Factor,
    HeadAlignment,
    HistoryPoint,
    Passes,
    Quality,
    Record,
    Regression,
    Scaling,
    ScalingPoint,
    StepCost,
    StepMemory,
    Training,
    TranslationSample,
)

ENVIRONMENT = Environment(
    python="3.12.3",
    packages={"attnbench": "0.1.0", "torch": "2.11.0", "sacrebleu": "2.5.1"},
    git_commit="0123456789abcdef0123456789abcdef01234567+",
    platform="Linux-6.8-x86_64",
    processor="Example CPU @ 2.50GHz",
    cores=2,
    threads=1,
    memory_gib=15.6,
    device="cpu",
    device_name="Example CPU @ 2.50GHz",
)
SCORE_GAIN = {"dot": 6.0, "additive": 9.0, "general": 7.5}
BROKEN = "runs/old/record.json: record: missing seed"  # a line on a file that is no record
ERROR = "RuntimeError: the loss is not finite <at update 320>"
SENTENCES = 120
SHORT, LONG = range(4, 17), range(17, 33)  # source lengths of the test set, and of the one beyond those trained on
SOURCE_TEXT = "the small dog that the old man saw quickly chases a very red ball today ."
TARGET_TEXT = "today chases quickly the dog small , that saw man the old , a ball very red ."
SOURCE: list[str] = [*SOURCE_TEXT.split(" ")]
TARGET: list[str] = [*TARGET_TEXT.split(" ")]


def no_attention(length: int = 16, context: str = "every_step", seed: int = 1) -> Record:
    factors: dict[str, Factor] = {"task": "grammar", "model": "rnn", "decoder": "none", "decoder.context": context}
    return job(factors | {"length": length, "device": "cpu", "precision": "fp32"}, seed)


def attention(
    score: str = "dot",
    scope: str = "global",
    selection: str = "soft",
    heads: int = 1,
    length: int = 16,
    *,
    decoder: str = "luong",
    seed: int = 1,
) -> Record:
    factors: dict[str, Factor] = {"task": "grammar", "model": "rnn", "decoder": decoder, "score": score}
    factors |= {"scope": scope, "selection": selection, "heads": heads, "length": length}
    return job(factors | {"device": "cpu", "precision": "fp32"}, seed)


def sweep(scores: Iterable[str] = ("dot", "additive", "general"), lengths: Iterable[int] = (16, 48)) -> list[Record]:
    """The default sweep: no attention, and every score in two scopes, two selections and two numbers of heads."""
    records = []
    for length in lengths:
        records.append(no_attention(length))
        grid = product(scores, ("global", "local_m"), ("soft", "gumbel"), (1, 4))
        records += [attention(*point, length=length) for point in grid]
    return records


def classics() -> list[Record]:
    """Five jobs on one corpus: two decoders without attention, and three with."""
    records = [no_attention(context=context) for context in ("first_step", "every_step")]
    pairs = (("bahdanau", "additive"), ("luong", "dot"), ("luong", "general"))
    records += [attention(score, decoder=decoder) for decoder, score in pairs]
    named = [replace(record, factors={k: v for k, v in record.factors.items() if k != "length"}) for record in records]
    return [replace(record, factors=record.factors | {"task": "tatoeba"}) for record in named]


def failed(record: Record, error: str, *, out_of_memory: bool = False) -> Record:
    status = "out_of_memory" if out_of_memory else "failed"
    return replace(cost_only(record), command="train", scaling=None, status=status, error=error)


def cost_only(record: Record) -> Record:
    nothing = {"training": None, "quality": None, "beyond": None, "step": None, "alignment": None}
    return replace(record, command="cost", alignments=[], **nothing)


def pooling(score: str = "gaussian", sigma: float | None = 1.0, *, learned: bool = False, seed: int = 1) -> Record:
    """Kernel regression by the plain formula; without `sigma`, the mean."""
    factors: dict[str, Factor] = {"score": score, "scope": "global", "device": "cpu", "task": "kernel_regression"}
    factors |= {"score.learned": True} if learned else {}
    nothing = cost_only(no_attention(seed=seed))
    return replace(nothing, command="train", factors=factors, regression=_regression(sigma, learned, seed))


def job(factors: Mapping[str, Factor], seed: int = 1) -> Record:
    """A finished job. Its numbers are computed from its factors and its seed."""
    name = " ".join(f"{key}={value}" for key, value in factors.items())
    chance = random.Random(f"{name} {seed}")
    bleu = _bleu(factors, chance)
    return Record(
        version=VERSION,
        key=f"{chance.getrandbits(64):016x}",
        command="train",
        sweep="example",
        status="finished",
        error=None,
        factors=dict(factors),
        overrides=[f"{key}={value}" for key, value in factors.items()] + [f"seed={seed}"],
        seed=seed,
        config={"seed": seed, "training": {"updates": 1000, "batch_size": 32}, "model": {"size": 256, "dropout": 0.1}},
        environment=ENVIRONMENT,
        started=f"2026-01-02T03:{chance.randrange(60):02d}:00+00:00",
        duration_s=200.0 + 50 * chance.random(),
        training=_training(bleu, chance),
        quality=_quality(bleu, factors, SHORT, chance),
        beyond=_quality(bleu - (5 if "score" in factors else 12), factors, LONG, chance),
        step=_step(factors, chance),
        scaling=_scaling(factors, chance) if "score" in factors else None,
        alignment=_alignment_quality(factors, chance),
        alignments=[_alignment(factors, chance)],
        regression=None,
    )


def _bleu(factors: Mapping[str, Factor], chance: random.Random) -> float:
    gain = SCORE_GAIN.get(str(factors.get("score")), -20.0)
    gain += 2.0 if factors.get("heads") == 4 else 0.0
    gain -= 5.0 if factors.get("selection") == "gumbel" else 0.0
    gain -= 15.0 if factors.get("length") == 48 else 0.0
    return 60.0 + gain + chance.gauss(0.0, 1.0)


def _training(bleu: float, chance: random.Random) -> Training:
    updates = range(100, 1100, 100)
    curve = [bleu * (1 - math.exp(-update / 300)) + chance.gauss(0, 1) for update in updates]
    history = [
        HistoryPoint(n, n / 6, 4 - n / 400, 3 - n / 500, max(0.0, y)) for n, y in zip(updates, curve, strict=True)
    ]
    validated = {"converged": True, "validation_loss": 1.0, "validation_bleu": bleu}
    return Training(1_234_567, 1000, 12.5, 640_000, 171.3, 900, SHORT[-1], history, **validated)


def _quality(bleu: float, factors: Mapping[str, Factor], lengths: Sequence[int], chance: random.Random) -> Quality:
    """Statistics of `SENTENCES` sentences of these lengths. Longer ones are worse."""
    fall = 6 if "score" in factors else 12
    sources = [lengths[i % len(lengths)] for i in range(SENTENCES)]
    middle = sum(lengths) / len(lengths)
    statistics = [_sentence(max(2.0, bleu - fall * (n / middle - 1)), n, chance) for n in sources]
    sums = [sum(column) for column in zip(*statistics, strict=True)]
    score = BLEU.compute_bleu(sums[2:6], sums[6:], sums[0], sums[1]).score
    samples = [
        TranslationSample(" ".join(SOURCE[:n]), " ".join(TARGET[:n]), " ".join(TARGET[: n - 1])) for n in (5, 9, 15)
    ]
    return Quality(
        test_set=f"{factors.get('task')} {factors.get('length')} {lengths[0]}",
        sentences=SENTENCES,
        source_lengths=sources,
        bleu_statistics=statistics,
        bleu=score,
        bleu_low=score - 2.1,
        bleu_high=score + 1.9,
        bleu_signature="nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.5.1",
        chrf=min(99.0, bleu + 11.23456),
        chrf_signature="nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|version:2.5.1",
        exact_match=max(0.0, bleu - 30) / 100,
        token_accuracy=0.5 + bleu / 250,
        loss=1.23456,
        samples=samples,
    )


def _sentence(bleu: float, length: int, chance: random.Random) -> list[int]:
    """The BLEU statistics of a translation with the length of its reference."""
    right = min(1.0, (bleu / 100) ** 0.4) * (1 + chance.uniform(-0.2, 0.2))  # of tokens: n in a row, its n-th power
    there = [max(0, length - n) for n in range(4)]
    return [length, length, *(min(count, round(count * right ** (n + 1))) for n, count in enumerate(there)), *there]


def _alignment_quality(factors: Mapping[str, Factor], chance: random.Random) -> AlignmentQuality:
    def counts(right: float) -> list[list[int]]:
        rows = []
        for _ in range(40):
            found = chance.randint(8, 15)
            hits = min(found, round(found * right * chance.uniform(0.8, 1.2)))
            rows.append([found, 15, hits, hits])
        return rows

    heads = [
        HeadAlignment(0, head, 0.8 + 0.3 * head, 0.3 + 0.1 * head, 0.7 - 0.1 * head, 0.65 - 0.1 * head)
        for head in range(int(str(factors.get("heads", 0))))
    ]
    return AlignmentQuality(
        sentences=40,
        gold="task",
        links=counts(0.7) if heads else [],
        implicit_links=counts(0.5 if heads else 0.2),
        entropy=0.9 + 0.2 * chance.random() if heads else None,
        implicit_entropy=1.5 + 0.3 * chance.random(),
        agreement=0.4 + 0.2 * chance.random() if heads else None,
        heads=heads,
    )


def _step(factors: Mapping[str, Factor], chance: random.Random) -> StepCost:
    cost = 40.0 + (25.0 if factors.get("score") == "additive" else 8.0 if "score" in factors else 0.0)
    cost *= 1 + 0.05 * chance.random() + (0.2 if factors.get("heads") == 4 else 0.0)
    cost *= 3 if factors.get("length") == 48 else 1
    memory = cost * (1.1 if factors.get("scope") == "local_m" else 1.6)
    held = StepMemory(4.7, 4.7, 9.4, memory - 4.7, 0.4 * memory if "score" in factors else 0.0, 810.0)
    return StepCost(cost, cost * 0.97, cost * 1.04, 20, 32, 16, 18, 32 * 18 / cost * 1000, memory, held, None)


def _scaling(factors: Mapping[str, Factor], chance: random.Random) -> Scaling:
    power = 1.0 if factors["scope"] == "local_m" else 2.0
    scale = 1e-3 if power == 1.0 else 1e-5
    scale *= {"dot": 1.0, "general": 1.3}.get(str(factors["score"]), 6.0) * (1 + 0.1 * chance.random())
    points = []
    for length in (64, 128, 256, 512, 1024, 2048, 4096):
        ms, mib = 0.05 + scale * length**power, 0.3 + 30 * scale * length**power
        work = 256.0 * length**power, 1024.0 * length
        points.append(_measured(length, "forward", ms / 3, mib / 4, work))
        if length == 4096 and factors["score"] == "additive" and power == 2.0:
            nothing = None, None, None, None, "MemoryError", 0, False, None, None, *work
            points.append(ScalingPoint(length, "forward+backward", "out_of_memory", *nothing))
        else:
            points.append(_measured(length, "forward+backward", ms, mib, work))
    kernel = "windowed" if power == 1.0 else "dense"
    return Scaling(kernel, 8, 4, 32, points, DevicePeak(3e11, 2e10), None, None)


def _measured(length: int, passes: Passes, ms: float, mib: float, work: tuple[float, float]) -> ScalingPoint:
    numbers = ms, ms * 0.95, ms * 1.1, mib, None
    return ScalingPoint(length, passes, "measured", *numbers, 7, False, None, None, *work)


def _regression(sigma: float | None, learned: bool, seed: int) -> Regression:
    chance = random.Random(seed)
    x, test_x = sorted(5 * chance.random() for _ in range(30)), [i / 4 for i in range(21)]
    y, truth = [place + chance.gauss(0, 0.5) for place in x], [*test_x]
    weights = []
    for query in test_x:
        kernel = [math.exp(-(((query - place) / sigma) ** 2) / 2) if sigma else 1.0 for place in x]
        weights.append([each / sum(kernel) for each in kernel])
    estimate = [math.fsum(weight * height for weight, height in zip(row, y, strict=True)) for row in weights]
    error = sum((mine - true) ** 2 for mine, true in zip(estimate, truth, strict=True)) / len(truth)
    return Regression(x, y, test_x, truth, estimate, weights, error, error + 0.25, int(learned), sigma)


def _alignment(factors: Mapping[str, Factor], chance: random.Random) -> Alignment:
    rows, columns = len(TARGET), len(SOURCE)
    gold = [(SOURCE.index(word), row) for row, word in enumerate(TARGET) if word in SOURCE]
    hard = factors.get("selection") == "gumbel"
    heads = [_weights(gold, rows, columns, 1.2, hard, chance) for _ in range(int(str(factors.get("heads", 0))))]
    implicit = _weights(gold, rows, columns, 0.6 if heads else 0.15, False, chance)
    return Alignment(SOURCE, TARGET, [heads] if heads else [], implicit, gold)


def _weights(
    gold: list[tuple[int, int]], rows: int, columns: int, focus: float, hard: bool, chance: random.Random
) -> list[list[float]]:
    centre = {row: column for column, row in gold}
    weights = []
    for row in range(rows):
        peak = centre.get(row, row * columns // rows)
        logits = [-abs(column - peak) * focus + chance.random() for column in range(columns)]
        if hard:
            logits = [0.0 if logit == max(logits) else -math.inf for logit in logits]
        total = sum(map(math.exp, logits))
        weights.append([round(math.exp(logit) / total, 4) for logit in logits])
    return weights
