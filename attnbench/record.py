"""The record: the only contract between running and reporting. One frozen, typed row a job; units are in the names.

A record is written whole or not at all, and read strictly: an unknown, missing or ill-typed field is a `RecordError`
that names it. Nothing of ours is imported here.
"""

import dataclasses
import json
import os
import types
import typing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

VERSION = 2
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
    history: list[HistoryPoint]


@dataclass(frozen=True)
class LengthBin:
    """BLEU of the test sentences whose source has `low` to `high` tokens (both included)."""

    low: int
    high: int
    sentences: int
    bleu: float
    bleu_low: float
    bleu_high: float


@dataclass(frozen=True)
class Sample:
    source: str
    reference: str
    hypothesis: str


@dataclass(frozen=True)
class Quality:
    """Of the test set. BLEU and chrF run from 0 to 100; `*_low`, `*_high` are 95 % bootstrap bounds over sentences."""

    sentences: int
    bleu: float
    bleu_low: float
    bleu_high: float
    bleu_signature: str
    chrf: float
    chrf_signature: str
    exact_match: float  # share of sentences whose whole translation is right, 0 to 1
    token_accuracy: float  # 0 to 1, under teacher forcing
    loss: float  # cross-entropy in nats a token, under teacher forcing
    by_length: list[LengthBin]
    samples: list[Sample]


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


@dataclass(frozen=True)
class Scaling:
    """Ratios hold within a session, whose contenders took turns; `baseline` is the key of the one they are to."""

    kernel: str | None  # that ran; None of a contender that is not ours
    batch_size: int
    heads: int
    head_dim: int
    points: list[ScalingPoint]
    time_exponent: float | None  # of forward and backward ~ length ** exponent, over the longest half of the points
    memory_exponent: float | None
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
    step: StepCost | None
    scaling: Scaling | None
    alignments: list[Alignment]
    regression: Regression | None


def write(record: Record, path: Path) -> None:
    """Writes `path` whole or not at all."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(
        json.dumps(dataclasses.asdict(record), ensure_ascii=False, separators=(",", ":")), encoding="utf-8"
    )
    partial.replace(path)


def read(path: Path) -> Record:
    """Reads one record.

    Raises:
        RecordError: not JSON, another version, or a field that is missing, unknown or of the wrong type.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise RecordError(f"{path}: not JSON: {error}") from error
    version = data.get("version") if isinstance(data, dict) else None
    if version != VERSION:
        raise RecordError(f"{path}: a record of version {version!r}; this attnbench reads version {VERSION}")
    try:
        return _decode(Record, data, "record")
    except RecordError as error:
        raise RecordError(f"{path}: {error}") from None


def find(path: Path) -> Record | None:
    """The record at `path`, or None where there is none, or none that can be read."""
    try:
        return read(path)
    except (FileNotFoundError, RecordError):
        return None


def _decode(kind: Any, value: Any, where: str) -> Any:
    """`value`, as parsed from JSON, as an instance of the annotation `kind`."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        return value
    if dataclasses.is_dataclass(kind):
        return _decode_fields(kind, value, where)
    if origin is Literal:
        return _expect(value in arguments, value, where, f"one of {arguments}")
    if origin in (types.UnionType, typing.Union):
        return _decode_union(arguments, value, where)
    if origin is list:
        _expect(isinstance(value, list), value, where, "a list")
        return [_decode(arguments[0], item, f"{where}[{i}]") for i, item in enumerate(value)]
    if origin is tuple:
        _expect(isinstance(value, list) and len(value) == len(arguments), value, where, f"{len(arguments)} values")
        return tuple(_decode(kind, item, where) for kind, item in zip(arguments, value, strict=True))
    if origin is dict:
        _expect(isinstance(value, dict), value, where, "an object")
        return {name: _decode(arguments[1], item, f"{where}.{name}") for name, item in value.items()}
    if kind is float and type(value) is int:
        return float(value)
    return _expect(type(value) is kind, value, where, getattr(kind, "__name__", str(kind)))


def _decode_fields(kind: Any, value: Any, where: str) -> Any:
    _expect(isinstance(value, dict), value, where, "an object")
    hints = typing.get_type_hints(kind)
    for problem, names in (("missing", hints.keys() - value.keys()), ("unknown", value.keys() - hints.keys())):
        if names:
            raise RecordError(f"{where}: {problem} {', '.join(sorted(names))}")
    return kind(**{name: _decode(hint, value[name], f"{where}.{name}") for name, hint in hints.items()})


def _decode_union(kinds: tuple[Any, ...], value: Any, where: str) -> Any:
    if value is None and type(None) in kinds:
        return None
    kinds = tuple(kind for kind in kinds if kind is not type(None))
    if len(kinds) == 1:
        return _decode(kinds[0], value, where)
    return _expect(type(value) in kinds, value, where, " or ".join(kind.__name__ for kind in kinds))


def _expect(holds: bool, value: Any, where: str, expected: str) -> Any:
    if not holds:
        raise RecordError(f"{where}: expected {expected}, found {str(value)[:60]!r}")
    return value
