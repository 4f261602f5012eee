"""The record: the only contract between running and reporting. One frozen, typed row a job; units are in the names.

A record is written whole or not at all, and read strictly: a missing or ill-typed field is a `RecordError` that names
it. Nothing of ours is imported here.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec

VERSION = 3
NAME = "record.json"  # in a job's folder
Status = Literal["finished", "failed", "out_of_memory"]
CostStatus = Literal["measured", "out_of_memory", "over_budget", "unsupported", "failed"]
Passes = Literal["forward", "forward+backward"]
Factor = str | int | float | bool | None


class RecordError(ValueError):
    """A file that is not a record of this version; the message says which field and why."""


@dataclass(frozen=True)
class Environment:
    """Where a job ran."""

    python: str
    packages: dict[str, str]  # name -> version
    git_commit: str | None  # of the code, with "+" behind it where the working tree differed; None outside a checkout
    platform: str
    processor: str
    cores: int
    threads: int  # used by the job
    memory_gib: float
    device: str  # as torch names it: "cpu", "cuda"
    device_name: str  # as its maker names it


@dataclass(frozen=True)
class HistoryPoint:
    """One validation."""

    update: int
    elapsed_s: float
    train_loss: float  # mean over the updates since the last point, label smoothing included
    validation_loss: float  # cross-entropy in nats a token, no smoothing
    validation_bleu: float


@dataclass(frozen=True)
class Training:
    parameters: int
    updates: int
    epochs: float
    target_tokens: int  # seen, end of sentence included, padding not
    train_s: float  # validation included
    stopped: Literal["budget", "patience"]
    best_update: int
    longest_source: int  # tokens of the longest source trained on, its end not counted
    history: list[HistoryPoint]


@dataclass(frozen=True)
class TranslationSample:
    source: str
    reference: str
    hypothesis: str


@dataclass(frozen=True)
class Quality:
    """Of a test set. BLEU and chrF run from 0 to 100; `*_low`, `*_high` are 95 % bootstrap bounds over sentences.

    `source_lengths` and `bleu_statistics` have an entry a sentence, in the set's order. BLEU over any of them follows
    from the sums of their statistics, which are sacreBLEU's: the lengths of hypothesis and reference, the n-grams of
    1 to 4 tokens that are right, and those there are.
    """

    test_set: str  # hash of its sentences: what has the same one can be compared sentence by sentence
    sentences: int
    source_lengths: list[int]  # tokens, the end not counted
    bleu_statistics: list[list[int]]  # 10 numbers a sentence
    bleu: float
    bleu_low: float
    bleu_high: float
    bleu_signature: str
    chrf: float
    chrf_signature: str
    exact_match: float  # share of sentences whose whole translation is right, 0 to 1
    token_accuracy: float  # 0 to 1, under teacher forcing
    loss: float  # cross-entropy in nats a token, under teacher forcing
    samples: list[TranslationSample]


@dataclass(frozen=True)
class StepMemory:
    """What a training step holds, in MiB; all but the last is the allocator's."""

    parameters_mib: float
    gradients_mib: float
    optimiser_mib: float
    activations_mib: float  # the most that forward and backward hold besides, attention's included
    attention_mib: float  # the most of it that was allocated within the attention layers
    process_mib: float | None  # high-water mark of the process, Python and all; None where the system does not tell


@dataclass(frozen=True)
class StepCost:
    """One training step (forward, backward, update) on one batch: median and quartiles, warm and synchronised."""

    step_ms: float
    step_ms_q1: float
    step_ms_q3: float
    repetitions: int
    batch_size: int
    source_length: int
    target_length: int
    tokens_per_s: float  # target tokens
    peak_mib: float  # the allocator's own peak above what was held before the step
    memory: StepMemory
    joules: float | None  # a step; None where the machine does not tell


@dataclass(frozen=True)
class ScalingPoint:
    """The attention alone over `length` queries and as many keys: median and quartiles, warm and synchronised."""

    length: int
    passes: Passes
    status: CostStatus
    ms: float | None
    ms_q1: float | None
    ms_q3: float | None
    peak_mib: float | None  # the allocator's own peak above what was held before
    error: str | None  # why there is no number
    repetitions: int  # that the quartiles are of
    noisy: bool  # whether the quartiles stayed too far apart, however often it was repeated
    predicted_ms: float | None  # of a length beyond the budget: what it would have taken, from the lengths before
    predicted_mib: float | None
    flops: float | None  # floating-point operations a call, in closed form; None of a contender that is not ours
    bytes: float | None  # read and written a call, at the least, in closed form


@dataclass(frozen=True)
class DevicePeak:
    """What the device does at best, measured on the spot: one matrix product, and one copy."""

    flops_per_s: float
    bytes_per_s: float  # read and written


@dataclass(frozen=True)
class Scaling:
    """Ratios hold within a session, whose contenders took turns; `baseline` is the key of the one they are to."""

    kernel: str | None  # that ran; None of a contender that is not ours
    batch_size: int
    heads: int
    head_dim: int
    points: list[ScalingPoint]
    peak: DevicePeak | None
    session: str | None  # None: it was measured by itself
    baseline: str | None


@dataclass(frozen=True)
class Alignment:
    """Where a model looks in one test sentence while it reads the reference; targets and sources by position."""

    source: list[str]
    target: list[str]
    weights: list[list[list[list[float]]]]  # [layer][head][target][source], soft or one-hot; empty without attention
    implicit: list[list[float]]  # [target][source]: norms of gradients, each row divided by its sum
    gold: list[tuple[int, int]]  # (source, target) positions; empty where unknown


@dataclass(frozen=True)
class HeadAlignment:
    """One head read as an alignment: each target word is linked to the source word that has most of its weight."""

    layer: int
    head: int
    entropy: float  # of the weights, in nats, the mean over target tokens
    aer: float | None  # alignment error rate, 0 to 1; None, as the two below, where there is nothing to divide by
    precision: float | None
    recall: float | None


@dataclass(frozen=True)
class AlignmentQuality:
    """How the weights of test sentences, read as an alignment, compare with gold links and with the implicit ones.

    `links` and `implicit_links` have a row a sentence: the links found, the sure ones of the gold, those found that are
    sure, and those found that are sure or possible (Och and Ney 2003). Both are empty where no gold links are known,
    `links` without attention too. Entropy and agreement are means over target tokens, the sentence's end among them.
    """

    sentences: int
    gold: str | None  # where the gold links come from: "task", or the path of a file
    links: list[list[int]]  # by the mean of all layers and heads
    implicit_links: list[list[int]]
    entropy: float | None  # of the mean weights, in nats; None without attention
    implicit_entropy: float
    agreement: float | None  # of explicit with implicit weights: the share of a row's weight that both place alike
    heads: list[HeadAlignment]


@dataclass(frozen=True)
class Regression:
    """Attention pooling of noisy points: queries are the test xs, keys the training xs, values the training ys."""

    x: list[float]  # of the training points, in rising order
    y: list[float]
    test_x: list[float]
    truth: list[float]  # the curve without noise at each test x
    estimate: list[float]
    weights: list[list[float]]  # [test point][training point]
    test_error: float  # mean squared, of the estimate against the truth
    left_out_error: float  # mean squared, of the training points, each estimated from all others
    parameters: int  # that the score fitted
    sigma: float | None  # width of a Gaussian score, in units of x; None for any other


@dataclass(frozen=True)
class Record:
    version: int
    key: str  # hash of the resolved config: equal keys are the same job
    command: str  # "train" or "cost"
    sweep: str
    status: Status
    error: str | None
    factors: dict[str, Factor]  # what names this job: group choices and overridden values, only those that matter to it
    overrides: list[str]  # that reproduce it
    seed: int
    config: dict[str, Any]
    environment: Environment
    started: str  # ISO 8601, UTC
    duration_s: float
    training: Training | None
    quality: Quality | None
    beyond: Quality | None  # of sentences longer than any that was trained on
    step: StepCost | None
    scaling: Scaling | None
    alignment: AlignmentQuality | None
    alignments: list[Alignment]  # examples
    regression: Regression | None


def write(record: Record, path: Path) -> None:
    """Writes `path` whole or not at all."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_bytes(msgspec.json.encode(record))
    partial.replace(path)


def read(path: Path) -> Record:
    """Reads one record.

    Raises:
        RecordError: not JSON, another version, or a field that is missing or of the wrong type.
    """
    text = path.read_bytes()
    try:
        version = msgspec.json.decode(text, type=_Versioned).version
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RecordError(f"{path}: no record: {error}") from error
    if version != VERSION:
        raise RecordError(f"{path}: a record of version {version!r}; this attnbench reads version {VERSION}")
    try:
        return msgspec.json.decode(text, type=Record)
    except msgspec.ValidationError as error:
        raise RecordError(f"{path}: {error}") from error


def find(path: Path) -> Record | None:
    """The record at `path`, or None where there is none, or none that can be read."""
    try:
        return read(path)
    except (FileNotFoundError, RecordError):
        return None


class _Versioned(msgspec.Struct):
    """What all versions have in common."""

    version: Any = None
